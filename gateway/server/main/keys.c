#include "server/main/keys.h"

#include <stdio.h>
#include <string.h>

#include "server/ingest_zmq/curve.h"

const char tg_keys_usage[] =
    "usage: telegraphy keys curve NAME\n"
    "\n"
    "Make a pair of keys for ZeroMQ with CURVE: NAME.secret (mode 0600), which stays on\n"
    "the machine that it is for, and NAME.public, which the other side is given. Files\n"
    "that are there already are not touched.\n";

enum { DONE = 0, FAILED = 1, MISUSED = 2 };

int tg_keys_main(int count, char **arguments)
{
    char why[TG_CURVE_WHY_MAX], public_key[TG_CURVE_KEY_SIZE];
    if (count != 2 || strcmp(arguments[0], "curve") != 0 || arguments[1][0] == '\0') {
        fprintf(stderr,
                "telegraphy: keys: wants curve and the name of the files to make, "
                "such as /etc/telegraphy/gateway\n");
        return MISUSED;
    }
    if (!tg_curve_keys_make(arguments[1], public_key, why)) {
        fprintf(stderr, "telegraphy: keys: %s\n", why);
        return FAILED;
    }
    printf("%s.secret  0600  stays on the machine that it is for\n"
           "%s.public  0644  for the other side: %s\n",
           arguments[1], arguments[1], public_key);
    return fflush(stdout) == 0 ? DONE : FAILED;
}
