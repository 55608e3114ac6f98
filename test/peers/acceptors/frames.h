/* What the acceptors in C have in common: one connection after the other on a port of the
 * loopback address, and frames on it. A frame is 4 bytes of length, big-endian, and then
 * that many bytes. The highest bit of the length marks words on what the peer refuses.
 *
 * A connection begins with the frame "SERVICE LAYERS MOST": the service of the login, the
 * mask of layers to offer (RFC 4752 section 3.1), the most bytes of a token that are taken.
 * Then come the login, a frame of the acceptor that names the client and the layer, and
 * messages, each of which comes back.
 *
 * Without LAYERS the login is that of HTTP (RFC 4559): one token of the client, one of the
 * acceptor, which may come with words behind it, and the frame that names the client. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_FRAME = 32 << 20 };
static const uint32_t WORDS = UINT32_C(1) << 31;

struct frame {
  char *bytes;
  size_t length, room;
};

struct offer {
  char service[64];
  unsigned layers, most;
};

static int read_all(int fd, char *to, size_t length) {
  while (length > 0) {
    ssize_t n = read(fd, to, length);
    if (n <= 0) return 0;
    to += n;
    length -= (size_t)n;
  }
  return 1;
}

static int write_all(int fd, const char *from, size_t length) {
  while (length > 0) {
    ssize_t n = write(fd, from, length);
    if (n <= 0) return 0;
    from += n;
    length -= (size_t)n;
  }
  return 1;
}

/* read_frame reuses the memory of the frame before, and ends its bytes with a 0. */
static int read_frame(int fd, struct frame *f) {
  uint32_t length;
  if (!read_all(fd, (char *)&length, sizeof length)) return 0;
  f->length = ntohl(length);
  if (f->length > MOST_FRAME) return 0;
  if (f->room <= f->length) {
    char *larger = realloc(f->bytes, f->length + 1);
    if (larger == NULL) return 0;
    f->bytes = larger;
    f->room = f->length + 1;
  }
  f->bytes[f->length] = 0;
  return read_all(fd, f->bytes, f->length);
}

static int write_marked(int fd, uint32_t mark, const void *bytes, size_t length) {
  uint32_t head = htonl((uint32_t)length | mark);
  return write_all(fd, (char *)&head, sizeof head) && write_all(fd, bytes, length);
}

static int write_frame(int fd, const void *bytes, size_t length) { return write_marked(fd, 0, bytes, length); }

static int write_words(int fd, const char *words) { return write_marked(fd, WORDS, words, strlen(words)); }

static int read_offer(int fd, struct frame *f, struct offer *o) {
  return read_frame(fd, f) && sscanf(f->bytes, "%63s %u %u", o->service, &o->layers, &o->most) == 3;
}

/* serve_loopback prints the port that it got, and never returns but on failure. */
static int serve_loopback(void (*serve)(int fd)) {
  struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof addr;
  int now = 1;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  signal(SIGPIPE, SIG_IGN);
  if (listener < 0 || bind(listener, (struct sockaddr *)&addr, size) != 0 || listen(listener, 8) != 0 ||
      getsockname(listener, (struct sockaddr *)&addr, &size) != 0) {
    perror("listen");
    return 1;
  }
  printf("%d\n", ntohs(addr.sin_port));
  fflush(stdout);
  for (;;) {
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) {
      perror("accept");
      return 1;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &now, sizeof now);
    serve(fd);
    close(fd);
  }
}
