package com.photogather.was;

import io.micrometer.core.instrument.binder.jvm.JvmThreadDeadlockMetrics;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.web.client.RestClient;

@SpringBootApplication
public class WasApplication {

    public static void main(String[] args) {
        SpringApplication.run(WasApplication.class, args);
    }

    @Bean
    RestClient exchangeRateClient(RestClient.Builder builder, @Value("${was.exchange-rate-url}") String url) {
        return builder.baseUrl(url).build();
    }

    /** Spring Boot registers Micrometer's other metrics of the JVM by itself, and not this one. */
    @Bean
    JvmThreadDeadlockMetrics deadlockMetrics() {
        return new JvmThreadDeadlockMetrics();
    }
}
