import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.TreeSet;

/** With java.net.http.HttpClient, or (OLD=1) with HttpURLConnection. */
class Client {
    record Answer(int status, String text) {
        String json() { return "[" + status + ", \"" + text.strip() + "\"]"; }
    }

    static final HttpClient client = HttpClient.newHttpClient();
    static final Set<String> versions = new TreeSet<>();

    static Answer ask(String url, String body) throws IOException, InterruptedException {
        return System.getenv("OLD") != null ? askOld(url, body) : askNew(url, body);
    }

    static Answer askNew(String url, String body) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url));
        if (body != null) request.POST(HttpRequest.BodyPublishers.ofString(body));
        HttpResponse<String> response = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        versions.add(response.version().toString());
        return new Answer(response.statusCode(), response.body());
    }

    static Answer askOld(String url, String body) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
        if (body != null) {
            connection.setDoOutput(true);
            connection.getOutputStream().write(body.getBytes(StandardCharsets.UTF_8));
        }
        int status = connection.getResponseCode();
        try (InputStream in = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
            return new Answer(status, new String(in.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    public static void main(String[] arguments) throws Exception {
        String origin = System.getenv("ORIGIN");
        String hello = ask(origin + "/v1/hello", null).json();
        String digest = ask(origin + "/v1/digest", "finch ".repeat(50000)).json();
        String stream = ask(origin + "/v1/stream", null).json();
        int closedPath = ask(origin + "/private", null).status();
        String closedHost;
        try {
            closedHost = String.valueOf(ask("https://elsewhere.example.com/", null).status());
        } catch (IOException error) {
            closedHost = "\"" + error.getClass().getSimpleName() + "\"";
        }
        System.out.printf("{\"hello\": %s, \"digest\": %s, \"stream\": %s, \"closed_path\": %d, \"closed_host\": %s, "
                + "\"versions\": \"%s\"}%n", hello, digest, stream, closedPath, closedHost, versions);
    }
}
