package com.photogather.was;

import com.photogather.was.PhotoService.ExchangeRate;
import com.photogather.was.PhotoService.PricedPhoto;
import java.math.BigDecimal;
import java.util.Map;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

@RestController
@RequestMapping("/api")
public class PhotoController {

    private static final long LONGEST_MILLIS = 30_000;

    private final PhotoService photos;

    PhotoController(PhotoService photos) {
        this.photos = photos;
    }

    @GetMapping("/photos/{id}")
    PricedPhoto photo(@PathVariable long id) {
        return photos.find(id).orElseThrow(() -> new ResponseStatusException(HttpStatus.NOT_FOUND));
    }

    @GetMapping("/photos/slow")
    Map<String, Long> slow(@RequestParam(defaultValue = "500") long ms) {
        return Map.of("photos", photos.countSlowly(Math.max(0, Math.min(ms, LONGEST_MILLIS))));
    }

    @GetMapping("/photos/fail")
    void fail() {
        photos.fail();
    }

    /** Stands in for the other service, so that the application runs alone. */
    @GetMapping("/exchange-rate")
    ExchangeRate exchangeRate() {
        return new ExchangeRate("KRW", new BigDecimal("1400"));
    }
}
