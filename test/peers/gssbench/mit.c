/* Both ends of a context of MIT's library in one process, and what its tokens cost.
 *
 *   mit SERVICE@HOST     with the usual KRB5_CONFIG, KRB5CCNAME and KRB5_KTNAME
 *
 * It prints the encryption type of the context's key. For each line "SEALED SIZE COUNT" of
 * its input it wraps a message of SIZE bytes COUNT times and unwraps the tokens, and prints
 * the nanoseconds of the one and of the other. Whatever is not as it should be ends it. */
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_BYTES = 1 << 20, MOST_TOKENS = 1024 };

static const OM_uint32 wishes = GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG;

static void die(const char *what) {
  fprintf(stderr, "%s\n", what);
  exit(1);
}

/* check lets no supplementary status through either: a gap or a replay would be one. */
static void check(const char *what, OM_uint32 major, OM_uint32 minor) {
  if (major == GSS_S_COMPLETE) return;
  OM_uint32 ignored, more = 0;
  gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
  gss_display_status(&ignored, minor, GSS_C_MECH_CODE, GSS_C_NO_OID, &more, &text);
  fprintf(stderr, "%s: %08x: %.*s\n", what, major, (int)text.length, (char *)text.value);
  exit(1);
}

static void establish(const char *service, gss_ctx_id_t *client, gss_ctx_id_t *server) {
  OM_uint32 major, minor, accepted = GSS_S_CONTINUE_NEEDED, agreed = 0;
  gss_buffer_desc text = {strlen(service), (void *)service}, request = GSS_C_EMPTY_BUFFER, answer = GSS_C_EMPTY_BUFFER;
  gss_name_t name;
  major = gss_import_name(&minor, &text, GSS_C_NT_HOSTBASED_SERVICE, &name);
  check("import the name", major, minor);
  do {
    major = gss_init_sec_context(&minor, GSS_C_NO_CREDENTIAL, client, name, GSS_C_NO_OID, wishes, 0, GSS_C_NO_CHANNEL_BINDINGS, &answer, NULL, &request, &agreed, NULL);
    if (major != GSS_S_CONTINUE_NEEDED) check("initiate", major, minor);
    if (request.length > 0) {
      accepted = gss_accept_sec_context(&minor, server, GSS_C_NO_CREDENTIAL, &request, GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL, &answer, NULL, NULL, NULL);
      if (accepted != GSS_S_CONTINUE_NEEDED) check("accept", accepted, minor);
    }
  } while (major == GSS_S_CONTINUE_NEEDED);
  if (accepted != GSS_S_COMPLETE || (agreed & wishes) != wishes) die("the context lacks something");
}

/* key_type is the last number of the object identifier behind the key. */
static int key_type(gss_ctx_id_t context) {
  OM_uint32 major, minor;
  gss_buffer_set_t set = GSS_C_NO_BUFFER_SET;
  major = gss_inquire_sec_context_by_oid(&minor, context, GSS_C_INQ_SSPI_SESSION_KEY, &set);
  check("ask for the key", major, minor);
  if (set->count != 2 || set->elements[1].length == 0) die("no type of the key");
  int type = ((unsigned char *)set->elements[1].value)[set->elements[1].length - 1];
  gss_release_buffer_set(&minor, &set);
  return type;
}

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void measure(gss_ctx_id_t client, gss_ctx_id_t server, int sealed, size_t size, int count) {
  static gss_buffer_desc tokens[MOST_TOKENS], plains[MOST_TOKENS];
  static unsigned char message[MOST_BYTES];
  OM_uint32 major, minor;
  gss_buffer_desc whole = {size, message};
  int is_sealed = !sealed;
  for (size_t i = 0; i < size; i++) message[i] = (unsigned char)(i * 7 + size);
  long long began = now();
  for (int i = 0; i < count; i++) {
    major = gss_wrap(&minor, client, sealed, GSS_C_QOP_DEFAULT, &whole, &is_sealed, &tokens[i]);
    if (major != GSS_S_COMPLETE || is_sealed != sealed) check("wrap", major ? major : GSS_S_FAILURE, minor);
  }
  long long wrapped = now();
  for (int i = 0; i < count; i++) {
    major = gss_unwrap(&minor, server, &tokens[i], &plains[i], &is_sealed, NULL);
    if (major != GSS_S_COMPLETE || is_sealed != sealed) check("unwrap", major ? major : GSS_S_FAILURE, minor);
  }
  long long unwrapped = now();
  for (int i = 0; i < count; i++) {
    if (plains[i].length != size || memcmp(plains[i].value, message, size) != 0) die("another message came out");
    gss_release_buffer(&minor, &tokens[i]);
    gss_release_buffer(&minor, &plains[i]);
  }
  printf("%lld %lld\n", wrapped - began, unwrapped - wrapped);
}

int main(int argc, char **argv) {
  gss_ctx_id_t client = GSS_C_NO_CONTEXT, server = GSS_C_NO_CONTEXT;
  char line[64];
  int sealed, count;
  size_t size;
  if (argc != 2) die("usage: mit SERVICE@HOST");
  setvbuf(stdout, NULL, _IOLBF, 0);
  /* What was released is kept: to get its pages from the kernel again is not the library's cost. */
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_MMAP_THRESHOLD, 1 << 25);
  establish(argv[1], &client, &server);
  if (key_type(client) != key_type(server)) die("two types of keys");
  printf("%d\n", key_type(client));
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (sscanf(line, "%d %zu %d", &sealed, &size, &count) != 3 || size > MOST_BYTES || count < 1 || count > MOST_TOKENS) die("not a line of three numbers");
    measure(client, server, sealed != 0, size, count);
  }
  return 0;
}
