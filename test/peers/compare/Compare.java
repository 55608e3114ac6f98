import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;

/** Reads every value of a result with Hive's JDBC driver, and prints the sum and the seconds of the second run. */
public class Compare {
    static double total;
    static long hash;

    public static void main(String[] args) throws Exception {
        try (Connection connection = DriverManager.getConnection("jdbc:hive2://" + args[0] + "/;auth=noSasl", "peer", "")) {
            read(connection, args[1]);
            long start = System.nanoTime();
            long sum = read(connection, args[1]);
            System.out.println(sum + " " + (System.nanoTime() - start) / 1e9);
        }
        if (total == 0 || hash == 0) {
            throw new IllegalStateException("nothing was read");
        }
    }

    static long read(Connection connection, String rows) throws Exception {
        long sum = 0;
        try (Statement statement = connection.createStatement()) {
            statement.setFetchSize(10_000);
            try (ResultSet result = statement.executeQuery("SELECT " + rows)) {
                while (result.next()) {
                    for (int i = 1; i <= 4; i++) {
                        hash += result.getString(i).hashCode();
                    }
                    for (int i = 5; i <= 8; i++) {
                        total += result.getDouble(i);
                    }
                    total += result.getLong(9);
                    sum += result.getShort(10);
                }
            }
        }
        return sum;
    }
}
