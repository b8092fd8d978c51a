/* Base64url without padding (RFC 4648 section 5): how secrets and signatures are written.
 */
#ifndef TG_BASE_BASE64URL_H
#define TG_BASE_BASE64URL_H

#include "engine/base/slice.h"

/* How many characters `size` bytes become. */
#define TG_BASE64URL_SIZE(size) (((size)*4 + 2) / 3)

/* Write the characters, without a NUL; how many. */
size_t tg_base64url_write(struct tg_slice bytes, char *text);
/* Read `text` into `bytes`, which has room for three quarters of it; `*size` is how many
 * there are. False if it is not what tg_base64url_write would write: another character,
 * padding, bits left over. */
bool tg_base64url_read(struct tg_slice text, uint8_t *bytes, size_t *size);

#endif
