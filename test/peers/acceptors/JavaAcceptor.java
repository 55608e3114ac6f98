import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.PrivilegedActionException;
import java.security.PrivilegedExceptionAction;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.security.auth.Subject;
import javax.security.auth.callback.Callback;
import javax.security.auth.login.AppConfigurationEntry;
import javax.security.auth.login.AppConfigurationEntry.LoginModuleControlFlag;
import javax.security.auth.login.Configuration;
import javax.security.auth.login.LoginContext;
import javax.security.sasl.AuthorizeCallback;
import javax.security.sasl.Sasl;
import javax.security.sasl.SaslServer;
import org.ietf.jgss.GSSContext;
import org.ietf.jgss.GSSCredential;
import org.ietf.jgss.GSSManager;
import org.ietf.jgss.Oid;

/**
 * An acceptor of SASL GSSAPI (RFC 4752), and of logins over HTTP, on Java's own classes, which is what HiveServer2 has. The
 * argument is a keytab, and any of its principals may be asked for. frames.h says what is on the wire.
 */
public class JavaAcceptor {
  private static final List<String> LEVELS = List.of("auth", "auth-int", "auth-conf");
  private static final int WORDS = 1 << 31;

  public static void main(String[] args) throws Exception {
    Subject service = login(args[0]);
    try (ServerSocket listener = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
      System.out.println(listener.getLocalPort());
      while (true) {
        try (Socket client = listener.accept()) {
          client.setTcpNoDelay(true);
          serve(client, service);
        } catch (IOException gone) {
          System.err.println(gone);
        }
      }
    }
  }

  private static Subject login(String keytab) throws Exception {
    Map<String, String> options = Map.of("useKeyTab", "true", "keyTab", keytab, "principal", "*",
        "storeKey", "true", "isInitiator", "false", "doNotPrompt", "true");
    LoginContext context = new LoginContext("acceptor", null, null, new Configuration() {
      @Override
      public AppConfigurationEntry[] getAppConfigurationEntry(String name) {
        return new AppConfigurationEntry[] {new AppConfigurationEntry(
            "com.sun.security.auth.module.Krb5LoginModule", LoginModuleControlFlag.REQUIRED, options)};
      }
    });
    context.login();
    return context.getSubject();
  }

  private static void serve(Socket client, Subject service) throws IOException {
    DataInputStream in = new DataInputStream(new BufferedInputStream(client.getInputStream(), 1 << 17));
    DataOutputStream out = new DataOutputStream(new BufferedOutputStream(client.getOutputStream(), 1 << 17));
    try {
      Subject.doAs(service, (PrivilegedExceptionAction<Void>) () -> {
        converse(in, out);
        return null;
      });
    } catch (PrivilegedActionException refused) {
      byte[] words = words(refused.getCause()).getBytes(StandardCharsets.UTF_8);
      out.writeInt(words.length | WORDS);
      out.write(words);
      out.flush();
    }
  }

  private static void converse(DataInputStream in, DataOutputStream out) throws Exception {
    String[] offer = new String(read(in), StandardCharsets.UTF_8).split(" ");
    if (offer[1].equals("0")) {
      negotiate(in, out);
      return;
    }
    String[] user = new String[1];
    SaslServer server = Sasl.createSaslServer("GSSAPI", offer[0], "localhost",
        Map.of(Sasl.QOP, levels(Integer.parseInt(offer[1])), Sasl.MAX_BUFFER, offer[2]), callbacks -> {
          for (Callback callback : callbacks) {
            if (callback instanceof AuthorizeCallback) {
              AuthorizeCallback authorize = (AuthorizeCallback) callback;
              authorize.setAuthorized(true);
              user[0] = authorize.getAuthenticationID();
            }
          }
        });
    while (!server.isComplete()) {
      byte[] answer = server.evaluateResponse(read(in));
      if (!server.isComplete()) {
        write(out, answer == null ? new byte[0] : answer);
      }
    }
    int level = LEVELS.indexOf((String) server.getNegotiatedProperty(Sasl.QOP));
    write(out, (user[0] + " " + (1 << level)).getBytes(StandardCharsets.UTF_8));
    while (true) {
      byte[] message;
      try {
        message = read(in);
      } catch (EOFException end) {
        return;
      }
      if (level > 0) {
        message = server.unwrap(message, 0, message.length);
        message = server.wrap(message, 0, message.length);
      }
      write(out, message);
    }
  }

  /** A login of HTTP: one token, with or without SPNEGO around that of Kerberos. */
  private static void negotiate(DataInputStream in, DataOutputStream out) throws Exception {
    GSSManager manager = GSSManager.getInstance();
    Oid[] mechanisms = {new Oid("1.3.6.1.5.5.2"), new Oid("1.2.840.113554.1.2.2")};
    GSSContext context = manager.createContext(
        manager.createCredential(null, GSSCredential.INDEFINITE_LIFETIME, mechanisms, GSSCredential.ACCEPT_ONLY));
    byte[] token = read(in);
    byte[] answer = context.acceptSecContext(token, 0, token.length);
    if (answer != null) {
      write(out, answer);
    }
    if (!context.isEstablished()) {
      throw new IOException("the login takes more than one token");
    }
    write(out, (context.getSrcName() + " 0").getBytes(StandardCharsets.UTF_8));
    context.dispose();
  }

  /** What the server may agree to, as Java's list of the mask's names. */
  private static String levels(int mask) {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < LEVELS.size(); i++) {
      if ((mask & 1 << i) != 0) {
        names.add(LEVELS.get(i));
      }
    }
    return String.join(",", names);
  }

  /** The words of a failure and of all that led to it. */
  private static String words(Throwable failure) {
    StringBuilder text = new StringBuilder();
    for (; failure != null; failure = failure.getCause()) {
      text.append(text.length() == 0 ? "" : ": ").append(failure.getMessage());
    }
    return text.toString();
  }

  private static byte[] read(DataInputStream in) throws IOException {
    byte[] frame = new byte[in.readInt()];
    in.readFully(frame);
    return frame;
  }

  private static void write(DataOutputStream out, byte[] frame) throws IOException {
    out.writeInt(frame.length);
    out.write(frame);
    out.flush();
  }
}
