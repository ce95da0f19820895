package com.photogather.was;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * The line that people searched for before there was tracing: an id made by hand, or given by the caller, and how long the request took.
 * The id is no W3C trace id and leads nowhere but to this line.
 */
@Component
public class AccessLogFilter extends OncePerRequestFilter {

    private static final Logger log = LoggerFactory.getLogger(AccessLogFilter.class);

    @Override
    protected boolean shouldNotFilter(HttpServletRequest request) {
        return !request.getRequestURI().startsWith("/api/");
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain) throws ServletException, IOException {
        long start = System.nanoTime();
        boolean thrown = true;
        try {
            chain.doFilter(request, response);
            thrown = false;
        } finally {
            long elapsed = (System.nanoTime() - start) / 1_000_000;
            int status = thrown ? 500 : response.getStatus();
            log.info("traceId={} elapsed={}ms method={} uri={} status={}", traceId(request), elapsed, request.getMethod(), request.getRequestURI(), status);
        }
    }

    private static String traceId(HttpServletRequest request) {
        return Optional.ofNullable(request.getHeader("X-Trace-Id"))
                .filter(id -> id.matches("[A-Za-z0-9_-]{1,64}"))
                .orElseGet(() -> UUID.randomUUID().toString().substring(24));
    }
}
