/* An acceptor of SASL GSSAPI (RFC 4752), and of logins over HTTP, on a GSSAPI library, MIT's or Heimdal's. */
#include "frames.h"

#include <gssapi/gssapi.h>

enum { NONE = 1, SIGNED = 2, SEALED = 4 };

struct login {
  int fd;
  gss_ctx_id_t context;
  struct frame in;
  int layer;
  int http; /* a login of HTTP, not of SASL */
};

static size_t add_status(char *to, size_t room, OM_uint32 code, int kind) {
  OM_uint32 minor, more = 0;
  size_t used = 0;
  do {
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    if (GSS_ERROR(gss_display_status(&minor, code, kind, GSS_C_NO_OID, &more, &text))) break;
    int n = snprintf(to + used, room - used, "%.*s; ", (int)text.length, (char *)text.value);
    gss_release_buffer(&minor, &text);
    if (n < 0 || used + (size_t)n >= room) break;
    used += (size_t)n;
  } while (more != 0);
  return used;
}

/* refuse sends the library's own words for the two codes. */
static int refuse(struct login *l, OM_uint32 major, OM_uint32 minor) {
  char words[1024];
  size_t used = add_status(words, sizeof words, major, GSS_C_GSS_CODE);
  add_status(words + used, sizeof words - used, minor, GSS_C_MECH_CODE);
  write_words(l->fd, words);
  return 0;
}

static int refuse_because(struct login *l, const char *words) {
  write_words(l->fd, words);
  return 0;
}

static int send_wrapped(struct login *l, gss_buffer_t plain, int sealed) {
  OM_uint32 major, minor;
  gss_buffer_desc token = GSS_C_EMPTY_BUFFER;
  int really = 0;
  major = gss_wrap(&minor, l->context, sealed, GSS_C_QOP_DEFAULT, plain, &really, &token);
  if (major != GSS_S_COMPLETE) return refuse(l, major, minor);
  int sent = !really == !sealed ? write_frame(l->fd, token.value, token.length) : refuse_because(l, "the library wraps otherwise than asked");
  gss_release_buffer(&minor, &token);
  return sent;
}

/* receive_wrapped leaves plain to be released. A gap or a replay is refused, too. */
static int receive_wrapped(struct login *l, gss_buffer_t plain, int *sealed) {
  OM_uint32 major, minor;
  if (!read_frame(l->fd, &l->in)) return 0;
  gss_buffer_desc token = {l->in.length, l->in.bytes};
  major = gss_unwrap(&minor, l->context, &token, plain, sealed, NULL);
  return major == GSS_S_COMPLETE || refuse(l, major, minor);
}

/* accept_token takes one token of the client and sends the answer, also beside an error. */
static int accept_token(struct login *l, gss_name_t *client, OM_uint32 *flags, OM_uint32 *major, size_t *answered) {
  OM_uint32 minor, ignored;
  gss_buffer_desc answer = GSS_C_EMPTY_BUFFER;
  if (!read_frame(l->fd, &l->in)) return 0;
  gss_buffer_desc token = {l->in.length, l->in.bytes};
  *major = gss_accept_sec_context(&minor, &l->context, GSS_C_NO_CREDENTIAL, &token, GSS_C_NO_CHANNEL_BINDINGS, client, NULL, &answer, flags, NULL, NULL);
  int failed = GSS_ERROR(*major) != 0, sent = 1;
  *answered = answer.length;
  if (answer.length > 0 && (!failed || l->http)) sent = write_frame(l->fd, answer.value, answer.length);
  gss_release_buffer(&ignored, &answer);
  return failed ? refuse(l, *major, minor) : sent;
}

static int authenticate(struct login *l, gss_name_t *client) {
  OM_uint32 major, flags;
  size_t answered;
  do {
    if (!accept_token(l, client, &flags, &major, &answered)) return 0;
  } while (major & GSS_S_CONTINUE_NEEDED && !l->http);
  if (major & GSS_S_CONTINUE_NEEDED) return refuse_because(l, "the login takes more than one token");
  OM_uint32 due = GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG;
  if ((flags & due) != due) return refuse_because(l, "the client asks for less than mutual authentication, replay and sequence detection and both layers");
  if (answered == 0 || l->http) return 1;
  if (!read_frame(l->fd, &l->in)) return 0;
  return l->in.length == 0 || refuse_because(l, "the client has more to say where nothing is due");
}

static int agree(struct login *l, const struct offer *o) {
  unsigned most = o->most;
  unsigned char bytes[4] = {(unsigned char)o->layers, (unsigned char)(most >> 16), (unsigned char)(most >> 8), (unsigned char)most};
  gss_buffer_desc proposal = {sizeof bytes, bytes}, choice = GSS_C_EMPTY_BUFFER;
  OM_uint32 minor;
  int sealed;
  if (!send_wrapped(l, &proposal, 0) || !receive_wrapped(l, &choice, &sealed)) return 0;
  unsigned char chosen[4] = {0};
  memcpy(chosen, choice.value, choice.length < 4 ? choice.length : 4);
  size_t length = choice.length;
  gss_release_buffer(&minor, &choice);
  l->layer = chosen[0];
  if (length != 4) return refuse_because(l, "a choice of other than 4 bytes");
  if ((l->layer != NONE && l->layer != SIGNED && l->layer != SEALED) || !(l->layer & (int)o->layers)) return refuse_because(l, "a layer that was not offered");
  if ((l->layer == NONE) != (chosen[1] == 0 && chosen[2] == 0 && chosen[3] == 0)) return refuse_because(l, "a maximum size that does not fit the layer");
  return 1;
}

static int welcome(struct login *l, gss_name_t client) {
  OM_uint32 major, minor;
  gss_buffer_desc name = GSS_C_EMPTY_BUFFER;
  char text[256];
  major = gss_display_name(&minor, client, &name, NULL);
  if (major != GSS_S_COMPLETE) return refuse(l, major, minor);
  int n = snprintf(text, sizeof text, "%.*s %d", (int)name.length, (char *)name.value, l->layer);
  gss_release_buffer(&minor, &name);
  return n > 0 && (size_t)n < sizeof text && write_frame(l->fd, text, (size_t)n);
}

static void echo(struct login *l) {
  OM_uint32 minor;
  while (l->layer == NONE)
    if (!read_frame(l->fd, &l->in) || !write_frame(l->fd, l->in.bytes, l->in.length)) return;
  for (;;) {
    gss_buffer_desc plain = GSS_C_EMPTY_BUFFER;
    int sealed = 0, sent = 0;
    if (!receive_wrapped(l, &plain, &sealed)) return;
    if (!sealed == (l->layer == SEALED))
      refuse_because(l, "a token of the other layer");
    else
      sent = send_wrapped(l, &plain, sealed);
    gss_release_buffer(&minor, &plain);
    if (!sent) return;
  }
}

static void serve(int fd) {
  struct login l = {.fd = fd, .context = GSS_C_NO_CONTEXT};
  struct offer o;
  gss_name_t client = GSS_C_NO_NAME;
  OM_uint32 minor;
  if (read_offer(fd, &l.in, &o)) {
    l.http = o.layers == 0;
    if (authenticate(&l, &client) && (l.http || agree(&l, &o)) && welcome(&l, client) && !l.http) echo(&l);
  }
  gss_release_name(&minor, &client);
  gss_delete_sec_context(&minor, &l.context, GSS_C_NO_BUFFER);
  free(l.in.bytes);
}

int main(void) { return serve_loopback(serve); }
