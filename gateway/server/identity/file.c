#include "server/identity/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/mem.h"
#include "server/config/config.h"
#include "server/identity/secrets.h"

/* "tgss": what SQLite files of other programs do not have. */
enum { APPLICATION = 0x74677373, VERSION = 1 };

enum { BEGIN, PUT, REMOVE, COMMIT, STATEMENTS };
static const char *const statements[STATEMENTS] = {
    "BEGIN IMMEDIATE",
    "INSERT OR REPLACE INTO sessions (client, record) VALUES (?, ?)",
    "DELETE FROM sessions WHERE client = ?",
    "COMMIT",
};

struct tg_session_file {
    sqlite3 *database;
    sqlite3_stmt *statements[STATEMENTS];
    struct tg_buf path; /* Ends with a NUL. */
    char fault[200];
};

/* --- Opening ----------------------------------------------------------------------- */

/* Make the file if it is not there, and look at it: SQLite would make it as open to
 * others as the umask has it. Its further files get the mode of this one. */
static enum tg_err make_file(const char *runtime_dir, const char *name, char *why,
                             size_t why_size)
{
    int directory;
    struct stat about;
    const char *fault = NULL;
    enum tg_err err = tg_runtime_open(runtime_dir, true, &directory, why, why_size);
    if (err != TG_OK) {
        return err;
    }
    int fd = openat(directory, name,
                    O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                    0600);
    if (fd < 0 || fstat(fd, &about) != 0) {
        fault = errno == ELOOP ? "is a symbolic link; remove it" : strerror(errno);
    } else if (!S_ISREG(about.st_mode)) {
        fault = "is no regular file";
    } else if (about.st_uid != geteuid()) {
        fault = "belongs to another user; remove it";
    } else if (about.st_mode & 077) {
        fault = "is open to other users; remove it, since they may have read it";
    }
    if (fd >= 0) {
        close(fd);
    }
    close(directory);
    snprintf(why, why_size, "the session file %s/%s %s", runtime_dir, name,
             fault != NULL ? fault : "");
    return fault != NULL ? TG_EIO : TG_OK;
}

static bool run(struct tg_session_file *file, const char *sql)
{
    return sqlite3_exec(file->database, sql, NULL, NULL, NULL) == SQLITE_OK;
}

/* The first value of the first row, of at most `room` bytes; its size, -1: none. */
static int first_value(struct tg_session_file *file, const char *sql, void *value,
                       int room)
{
    sqlite3_stmt *statement = NULL;
    int size = -1;
    if (sqlite3_prepare_v2(file->database, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        const void *bytes = sqlite3_column_blob(statement, 0);
        size = sqlite3_column_bytes(statement, 0);
        if (size > 0 && size <= room) {
            memcpy(value, bytes, (size_t)size);
        }
    }
    sqlite3_finalize(statement);
    return size;
}

static bool value_is(struct tg_session_file *file, const char *sql, const char *wanted)
{
    char value[32];
    int size = first_value(file, sql, value, sizeof value);
    return size == (int)strlen(wanted) && memcmp(value, wanted, (size_t)size) == 0;
}

/* What is kept of the key, to tell whose file it is. */
static void mark_of(struct tg_slice key, uint8_t mark[TG_MAC_BYTES])
{
    tg_secrets_mac(key, TG_LIT("k"), mark);
}

static bool begin_file(struct tg_session_file *file, struct tg_slice key)
{
    char sql[400];
    uint8_t mark[TG_MAC_BYTES];
    mark_of(key, mark);
    int size = snprintf(sql, sizeof sql,
                        "BEGIN; PRAGMA application_id = %d; PRAGMA user_version = %d;"
                        "CREATE TABLE sessions (client INTEGER PRIMARY KEY, record BLOB);"
                        "CREATE TABLE key (mark BLOB); INSERT INTO key VALUES (x'",
                        APPLICATION, VERSION);
    for (size_t i = 0; i < sizeof mark; i++) {
        size += snprintf(sql + size, sizeof sql - (size_t)size, "%02x", mark[i]);
    }
    snprintf(sql + size, sizeof sql - (size_t)size, "'); COMMIT;");
    return run(file, sql);
}

/* What is wrong with the database, or NULL. */
static const char *prepare_file(struct tg_session_file *file, struct tg_slice key)
{
    char wanted[16];
    uint8_t ours[TG_MAC_BYTES], mark[TG_MAC_BYTES];
    sqlite3_db_config(file->database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    bool opened = run(file,
                      "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
                      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = MEMORY;"
                      "PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 4096;"
                      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                      "BEGIN IMMEDIATE; COMMIT;");
    switch (opened ? SQLITE_OK : sqlite3_errcode(file->database)) {
    case SQLITE_OK:
        break;
    case SQLITE_BUSY:
        return "is in use: another gateway has the same clients.port and runtime_dir";
    case SQLITE_NOTADB:
        return "is no session file; remove it";
    default:
        return sqlite3_errmsg(file->database);
    }
    if (!value_is(file, "PRAGMA journal_mode", "wal")) {
        return "cannot be used with a write-ahead log";
    }
    if (value_is(file, "SELECT count(*) FROM sqlite_schema", "0") &&
        value_is(file, "PRAGMA application_id", "0") && !begin_file(file, key)) {
        return sqlite3_errmsg(file->database);
    }
    snprintf(wanted, sizeof wanted, "%d", APPLICATION);
    if (!value_is(file, "PRAGMA application_id", wanted)) {
        return "is no session file; remove it";
    }
    snprintf(wanted, sizeof wanted, "%d", VERSION);
    if (!value_is(file, "PRAGMA user_version", wanted)) {
        return "is of another version of the gateway; without it clients need new "
               "tickets";
    }
    mark_of(key, ours);
    if (first_value(file, "SELECT mark FROM key", mark, sizeof mark) !=
            (int)sizeof mark ||
        memcmp(mark, ours, sizeof mark) != 0) {
        return "was written under another key; bring back the key file beside it, or "
               "remove it: without it clients need new tickets";
    }
    return NULL;
}

static const char *open_database(struct tg_session_file *file, struct tg_slice key)
{
    int code = sqlite3_open_v2((const char *)file->path.data, &file->database,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    const char *fault = code == SQLITE_OK ? prepare_file(file, key)
                                          : sqlite3_errstr(code);
    for (int i = 0; i < STATEMENTS && fault == NULL; i++) {
        if (sqlite3_prepare_v3(file->database, statements[i], -1,
                               SQLITE_PREPARE_PERSISTENT, &file->statements[i],
                               NULL) != SQLITE_OK) {
            fault = sqlite3_errmsg(file->database);
        }
    }
    return fault;
}

struct tg_session_file *tg_session_file_open(const char *runtime_dir, uint32_t port,
                                             struct tg_slice key, char *why,
                                             size_t why_size)
{
    char name[32];
    snprintf(name, sizeof name, "sessions-%u.db", port);
    if (make_file(runtime_dir, name, why, why_size) != TG_OK) {
        return NULL;
    }
    struct tg_session_file *file = tg_zalloc(1, sizeof *file);
    const char *fault = "cannot be opened: out of memory";
    if (file != NULL) {
        tg_buf_printf(&file->path, "%s/%s", runtime_dir, name);
        tg_buf_add_byte(&file->path, '\0');
        fault = file->path.failed ? fault : open_database(file, key);
    }
    if (fault != NULL) {
        snprintf(why, why_size, "the session file %s/%s %s", runtime_dir, name, fault);
        tg_session_file_close(file);
        return NULL;
    }
    return file;
}

void tg_session_file_close(struct tg_session_file *file)
{
    if (file == NULL) {
        return;
    }
    for (int i = 0; i < STATEMENTS; i++) {
        sqlite3_finalize(file->statements[i]);
    }
    sqlite3_close(file->database);
    tg_buf_finish(&file->path);
    tg_free(file);
}

enum tg_err tg_session_file_load(struct tg_session_file *file, tg_session_file_tell *tell,
                                 void *context, char *why, size_t why_size)
{
    sqlite3_stmt *statement = NULL;
    enum tg_err err = TG_OK;
    int code = sqlite3_prepare_v2(file->database, "SELECT client, record FROM sessions",
                                  -1, &statement, NULL);
    while (err == TG_OK && (code == SQLITE_OK || code == SQLITE_ROW)) {
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
            uint64_t client = (uint64_t)sqlite3_column_int64(statement, 0);
            const void *bytes = sqlite3_column_blob(statement, 1);
            size_t size = (size_t)sqlite3_column_bytes(statement, 1);
            err = tell(context, client, tg_slice(bytes, size));
        }
    }
    const char *fault = err == TG_ENOMEM      ? "cannot be read: out of memory"
                        : err != TG_OK        ? "has a session that was changed"
                        : code != SQLITE_DONE ? sqlite3_errmsg(file->database)
                                              : NULL;
    if (fault != NULL) {
        snprintf(why, why_size,
                 "the session file %s %s; without it clients need new tickets",
                 (const char *)file->path.data, fault);
    }
    sqlite3_finalize(statement);
    return fault == NULL || err == TG_ENOMEM ? err : TG_EIO;
}

/* --- Transactions ------------------------------------------------------------------ */

static enum tg_err step(struct tg_session_file *file, int which)
{
    sqlite3_stmt *statement = file->statements[which];
    int code = sqlite3_step(statement);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    if (code == SQLITE_DONE) {
        return TG_OK;
    }
    snprintf(file->fault, sizeof file->fault, "%s", sqlite3_errmsg(file->database));
    if (!sqlite3_get_autocommit(file->database)) {
        sqlite3_exec(file->database, "ROLLBACK", NULL, NULL, NULL);
    }
    return TG_EIO;
}

enum tg_err tg_session_file_begin(struct tg_session_file *file)
{
    return step(file, BEGIN);
}

enum tg_err tg_session_file_put(struct tg_session_file *file, uint64_t client,
                                struct tg_slice record)
{
    sqlite3_stmt *statement = file->statements[PUT];
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)client);
    sqlite3_bind_blob(statement, 2, record.data, (int)record.size, SQLITE_STATIC);
    return step(file, PUT);
}

enum tg_err tg_session_file_remove(struct tg_session_file *file, uint64_t client)
{
    sqlite3_bind_int64(file->statements[REMOVE], 1, (sqlite3_int64)client);
    return step(file, REMOVE);
}

enum tg_err tg_session_file_commit(struct tg_session_file *file)
{
    return step(file, COMMIT);
}

const char *tg_session_file_fault(const struct tg_session_file *file)
{
    return file->fault;
}
