import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Asks each address of a file ("name TAB url" a line) and prints "name TAB what was seen". */
class Probe {
    public static void main(String[] arguments) throws Exception {
        List<String> lines = Files.readAllLines(Path.of(arguments[0]));
        ExecutorService pool = Executors.newFixedThreadPool(8);
        List<Callable<String>> work = lines.stream().map(Probe::asking).toList();
        List<Future<String>> asked = pool.invokeAll(work, 10, TimeUnit.SECONDS);
        for (int i = 0; i < asked.size(); i++) {
            boolean ended = !asked.get(i).isCancelled();
            String name = lines.get(i).split("\t")[0];
            System.out.println(ended ? asked.get(i).get() : name + "\tno answer in time");
        }
        System.exit(0); // a read that trickles in cannot be interrupted
    }

    private static Callable<String> asking(String line) {
        String[] parts = line.split("\t");
        return () -> parts[0] + "\t" + ask(parts[1]);
    }

    private static String ask(String url) {
        try {
            HttpURLConnection connection =
                (HttpURLConnection) URI.create(url).toURL().openConnection();
            connection.setConnectTimeout(2000);
            connection.setReadTimeout(2000);
            try (InputStream body = connection.getInputStream()) {
                body.readAllBytes();
            }
            return "WORKS " + connection.getResponseCode();
        } catch (IOException | RuntimeException error) {
            StringBuilder said = new StringBuilder();
            for (Throwable one = error; one != null; one = one.getCause()) {
                said.append(one).append(" <- ");
            }
            return said.toString().replaceAll("\\s+", " ");
        }
    }
}
