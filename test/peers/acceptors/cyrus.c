/* An acceptor of SASL GSSAPI (RFC 4752) on Cyrus' library, which is what Impala has. */
#include "frames.h"

#include <sasl/sasl.h>

/* Cyrus counts strength in bits: 0 is no layer, 1 is signed, more is encrypted. */
static void layers_as_strength(unsigned layers, sasl_security_properties_t *p) {
  p->min_ssf = layers & 1 ? 0 : layers & 2 ? 1 : 2;
  p->max_ssf = layers & 4 ? 256 : layers & 2 ? 1 : 0;
}

static int refuse(int fd, sasl_conn_t *conn) {
  write_words(fd, sasl_errdetail(conn));
  return 0;
}

static int authenticate(int fd, sasl_conn_t *conn, struct frame *in) {
  const char *answer;
  unsigned length;
  for (int begun = 0;; begun = 1) {
    if (!read_frame(fd, in)) return 0;
    int code = begun ? sasl_server_step(conn, in->bytes, (unsigned)in->length, &answer, &length)
                     : sasl_server_start(conn, "GSSAPI", in->bytes, (unsigned)in->length, &answer, &length);
    if (code == SASL_OK) return 1;
    if (code != SASL_CONTINUE) return refuse(fd, conn);
    if (!write_frame(fd, answer, length)) return 0;
  }
}

static int welcome(int fd, sasl_conn_t *conn, sasl_ssf_t *strength) {
  const void *user, *ssf;
  char text[256];
  if (sasl_getprop(conn, SASL_USERNAME, &user) != SASL_OK || sasl_getprop(conn, SASL_SSF, &ssf) != SASL_OK) return refuse(fd, conn);
  *strength = *(const sasl_ssf_t *)ssf;
  int n = snprintf(text, sizeof text, "%s %d", (const char *)user, *strength == 0 ? 1 : *strength == 1 ? 2 : 4);
  return n > 0 && (size_t)n < sizeof text && write_frame(fd, text, (size_t)n);
}

/* echo_token gives the library a frame with its head, and gets one with its head back. */
static int echo_token(int fd, sasl_conn_t *conn, const struct frame *in) {
  uint32_t head = htonl((uint32_t)in->length);
  const char *ignored, *plain, *token;
  unsigned nothing, length, size;
  if (sasl_decode(conn, (char *)&head, sizeof head, &ignored, &nothing) != SASL_OK) return refuse(fd, conn);
  if (sasl_decode(conn, in->bytes, (unsigned)in->length, &plain, &length) != SASL_OK) return refuse(fd, conn);
  /* An empty message it cannot encode: its words go to the client, and the login goes on. */
  if (sasl_encode(conn, plain == NULL ? "" : plain, length, &token, &size) != SASL_OK) return write_words(fd, sasl_errdetail(conn));
  return write_all(fd, token, size);
}

static void serve(int fd) {
  struct frame in = {0};
  struct offer o;
  sasl_conn_t *conn = NULL;
  sasl_ssf_t strength = 0;
  sasl_security_properties_t properties = {0};
  if (read_offer(fd, &in, &o) && sasl_server_new(o.service, "localhost", NULL, NULL, NULL, NULL, 0, &conn) == SASL_OK) {
    properties.maxbufsize = o.most;
    layers_as_strength(o.layers, &properties);
    int alive = sasl_setprop(conn, SASL_SEC_PROPS, &properties) == SASL_OK && authenticate(fd, conn, &in) && welcome(fd, conn, &strength);
    while (alive && read_frame(fd, &in))
      alive = strength == 0 ? write_frame(fd, in.bytes, in.length) : echo_token(fd, conn, &in);
  }
  sasl_dispose(&conn);
  free(in.bytes);
}

int main(void) {
  if (sasl_server_init(NULL, "acceptor") != SASL_OK) return 1;
  return serve_loopback(serve);
}
