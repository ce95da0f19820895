package com.photogather.was;

import static java.util.concurrent.CompletableFuture.supplyAsync;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.autoconfigure.actuate.observability.AutoConfigureObservability;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.test.web.client.TestRestTemplate;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT, properties = {"was.actuator.password=secret", "was.deadlock=true", "logging.file.name=target/test.log"})
@AutoConfigureObservability
@ExtendWith(OutputCaptureExtension.class)
class WasApplicationTests {

    private static HttpServer rates;

    @Autowired
    private TestRestTemplate http;

    @DynamicPropertySource
    static void exchangeRate(DynamicPropertyRegistry registry) throws IOException {
        rates = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        rates.createContext("/", exchange -> {
            byte[] body = "{\"currency\":\"KRW\",\"perUsd\":1000}".getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        rates.start();
        registry.add("was.exchange-rate-url", () -> "http://127.0.0.1:" + rates.getAddress().getPort() + "/");
    }

    @AfterAll
    static void stop() {
        rates.stop(0);
    }

    @Test
    void pricesAPhotoWithTheOtherServicesRateAndLogsTheRequest(CapturedOutput output) {
        assertThat(http.getForObject("/api/photos/1", String.class)).contains("Harbour at dawn").contains("12500");
        assertThat(output).containsPattern("traceId=[0-9a-f]{12} elapsed=\\d+ms method=GET uri=/api/photos/1 status=200");
        assertThat(http.getForEntity("/api/photos/99", String.class).getStatusCode()).isEqualTo(HttpStatus.NOT_FOUND);
    }

    @Test
    void aSlowQueryTakesAsLongAsAsked() {
        long start = System.nanoTime();
        assertThat(http.getForObject("/api/photos/slow?ms=100", String.class)).isEqualTo("{\"photos\":3}");
        assertThat((System.nanoTime() - start) / 1_000_000).isBetween(100L, 5_000L);
    }

    @Test
    void aFailureIsLoggedWithItsCause(CapturedOutput output) {
        assertThat(http.getForEntity("/api/photos/fail", String.class).getStatusCode()).isEqualTo(HttpStatus.INTERNAL_SERVER_ERROR);
        assertThat(output).contains("IllegalStateException: the photo store is broken").contains("Caused by: ").contains("status=500");
    }

    @Test
    void actuatorAsksForThePasswordAndPublishesBuckets() {
        assertThat(http.getForEntity("/actuator/prometheus", String.class).getStatusCode()).isEqualTo(HttpStatus.UNAUTHORIZED);
        http.getForObject("/api/exchange-rate", String.class);
        assertThat(metrics()).contains("http_server_requests_seconds_bucket{").contains("tomcat_threads_config_max_threads{");
    }

    @Test
    void morePatientQueriesThanConnectionsExhaustThePool() {
        List<CompletableFuture<HttpStatusCode>> answers = Stream.generate(() -> supplyAsync(() -> http.getForEntity("/api/photos/slow?ms=1000", String.class).getStatusCode(),
                Executors.newSingleThreadExecutor())).limit(16).toList();
        assertThat(answers.stream().map(CompletableFuture::join)).contains(HttpStatus.OK, HttpStatus.INTERNAL_SERVER_ERROR);
        assertThat(metrics()).containsPattern("hikaricp_connections_timeout_total\\{[^}]*} [1-9]");
    }

    @Test
    void aDeadlockIsMeasured() throws InterruptedException {
        assertThat(http.postForEntity("/api/deadlock", null, String.class).getStatusCode()).isEqualTo(HttpStatus.ACCEPTED);
        for (int i = 0; i < 50 && !metrics().contains("jvm_threads_deadlocked_threads 2.0"); i++) {
            Thread.sleep(100);
        }
        assertThat(metrics()).contains("jvm_threads_deadlocked_threads 2.0").contains("jvm_threads_deadlocked_monitor_threads 2.0");
    }

    private String metrics() {
        return http.withBasicAuth("actuator", "secret").getForObject("/actuator/prometheus", String.class);
    }
}
