/* The floor: the least that a libuv server can do to broadcast over WebSocket. It answers
 * the upgrade, and for each message on its control port builds one frame and gives it to
 * every connection with uv_try_write, one write each. No session, no catalogue, no queue,
 * no timer.
 *
 * Back of the envelope: 5.7 µs a delivery was measured for such a skeleton when the
 * design was made, of which some 95 % are the kernel's: send() through TCP on loopback,
 * up to the wake-up of the reader. What the gateway costs above this is what its own work
 * costs. */
#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <uv.h>

enum { READ_BYTES = 65536, CONNECTIONS_MAX = 200000, PAYLOAD_MAX = 65000 };

struct connection {
    uv_tcp_t tcp;
    unsigned index; /* in `connections`, once upgraded; else NOWHERE */
};
enum { NOWHERE = CONNECTIONS_MAX };

static struct connection *connections[CONNECTIONS_MAX];
static unsigned connection_count;
static char read_buffer[READ_BYTES];

/* Of the control connection; there is one at a time. */
static unsigned char control[PAYLOAD_MAX + 4];
static size_t control_length;

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void drop(struct connection *c)
{
    if (c->index != NOWHERE) {
        connections[c->index] = connections[--connection_count];
        connections[c->index]->index = c->index;
        c->index = NOWHERE;
    }
    if (!uv_is_closing((uv_handle_t *)&c->tcp))
        uv_close((uv_handle_t *)&c->tcp, on_closed);
}

static void broadcast(const unsigned char *payload, size_t length)
{
    unsigned char header[4] = {0x81, (unsigned char)length};
    unsigned header_length = 2;
    if (length >= 126) {
        header[1] = 126;
        header[2] = (unsigned char)(length >> 8);
        header[3] = (unsigned char)length;
        header_length = 4;
    }
    static char frame[PAYLOAD_MAX + 4];
    memcpy(frame, header, header_length);
    memcpy(frame + header_length, payload, length);
    uv_buf_t buf = uv_buf_init(frame, header_length + (unsigned)length);
    /* From the end: a dropped one is replaced by one that had its turn. */
    for (unsigned i = connection_count; i-- > 0;)
        if (uv_try_write((uv_stream_t *)&connections[i]->tcp, &buf, 1) != (int)buf.len) {
            fprintf(stderr, "floor: a subscriber that does not keep up is dropped\n");
            drop(connections[i]);
        }
}

static void upgrade(struct connection *c, char *request, size_t length)
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    static const char name[] = "\r\nSec-WebSocket-Key: ";
    request[length] = 0;
    char *key = strcasestr(request, name);
    if (!key || length < 4 || memcmp(request + length - 4, "\r\n\r\n", 4) != 0 ||
        connection_count == CONNECTIONS_MAX) {
        drop(c);
        return;
    }
    key += sizeof name - 1;
    char text[128];
    unsigned char digest[SHA_DIGEST_LENGTH];
    char accepted[64];
    int text_length =
        snprintf(text, sizeof text, "%.*s%s", (int)strcspn(key, "\r"), key, guid);
    SHA1((unsigned char *)text, (size_t)text_length, digest);
    EVP_EncodeBlock((unsigned char *)accepted, digest, sizeof digest);
    char answer[256];
    int size = snprintf(answer, sizeof answer,
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                        accepted);
    uv_buf_t buf = uv_buf_init(answer, (unsigned)size);
    /* In the list first: the load tool takes it as subscribed once it has the answer. */
    c->index = connection_count;
    connections[connection_count++] = c;
    if (uv_try_write((uv_stream_t *)&c->tcp, &buf, 1) != size)
        drop(c);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)handle, (void)suggested;
    *buf = uv_buf_init(read_buffer, READ_BYTES - 1);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buf)
{
    struct connection *c = stream->data;
    if (length < 0)
        drop(c);
    else if (length > 0 && c->index == NOWHERE)
        upgrade(c, buf->base, (size_t)length);
}

static void on_control(uv_stream_t *stream, ssize_t length, const uv_buf_t *buf)
{
    if (length < 0 || control_length + (size_t)length > sizeof control) {
        drop(stream->data);
        control_length = 0;
        return;
    }
    memcpy(control + control_length, buf->base, (size_t)length);
    control_length += (size_t)length;
    while (control_length >= 4) {
        uint32_t size;
        memcpy(&size, control, 4);
        size = ntohl(size);
        if (size > PAYLOAD_MAX) {
            fprintf(stderr, "floor: a payload of %u bytes is more than %d\n", size,
                    PAYLOAD_MAX);
            exit(1);
        }
        if (control_length < 4 + size)
            break;
        broadcast(control + 4, size);
        control_length -= 4 + size;
        memmove(control, control + 4 + size, control_length);
    }
}

static void accept_for(uv_stream_t *server, uv_read_cb on_bytes)
{
    struct connection *c = malloc(sizeof *c);
    if (!c)
        abort();
    c->index = NOWHERE;
    c->tcp.data = c;
    uv_tcp_init(server->loop, &c->tcp);
    if (uv_accept(server, (uv_stream_t *)&c->tcp)) {
        drop(c);
        return;
    }
    uv_tcp_nodelay(&c->tcp, 1);
    uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_bytes);
}

static void on_subscriber(uv_stream_t *server, int status)
{
    if (status == 0)
        accept_for(server, on_read);
}

static void on_publisher(uv_stream_t *server, int status)
{
    if (status == 0)
        accept_for(server, on_control);
}

static void listen_on(uv_tcp_t *server, const char *port, uv_connection_cb on_connection)
{
    struct sockaddr_in address;
    uv_tcp_init(uv_default_loop(), server);
    uv_ip4_addr("127.0.0.1", atoi(port), &address);
    int error = uv_tcp_bind(server, (struct sockaddr *)&address, 0);
    if (!error)
        error = uv_listen((uv_stream_t *)server, 4096, on_connection);
    if (error) {
        fprintf(stderr, "floor: cannot listen on port %s: %s\n", port,
                uv_strerror(error));
        exit(1);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: floor PORT CONTROL_PORT\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    struct rlimit limit = {CONNECTIONS_MAX, CONNECTIONS_MAX};
    if (setrlimit(RLIMIT_NOFILE, &limit)) {
        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    uv_tcp_t subscribers, publishers;
    listen_on(&subscribers, argv[1], on_subscriber);
    listen_on(&publishers, argv[2], on_publisher);
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
