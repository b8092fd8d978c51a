/* The cases of protocol/vectors (its README says what they have). */
#ifndef TG_TESTING_VECTORS_H
#define TG_TESTING_VECTORS_H

#include "engine/base/buf.h"
#include "engine/json/json.h"

/* Told one case; `name` is "file.json: name of the case". */
typedef void tg_test_vector(const char *name, struct tg_json vector);

/* Run every case of every file of the folder; how many there were. A file that cannot be
 * read ends the program. */
size_t tg_test_vectors_walk(const char *folder, tg_test_vector *run);

/* Append a list of pieces to `out`: texts, a byte for each character ("text"), or
 * hexadecimal digits ("hex"), as `kind` says, and objects that repeat one. */
void tg_test_vectors_join(struct tg_json pieces, const char *kind, struct tg_buf *out);

/* True if `value` is `number`, or a list that has it. */
bool tg_test_vectors_has(struct tg_json value, int64_t number);

#endif
