package com.photogather.was;

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
}
