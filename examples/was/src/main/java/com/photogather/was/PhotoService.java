package com.photogather.was;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Service;
import org.springframework.web.client.RestClient;

@Service
public class PhotoService {

    private static final Logger log = LoggerFactory.getLogger(PhotoService.class);

    private final PhotoRepository photos;
    private final RestClient exchangeRate;

    PhotoService(PhotoRepository photos, RestClient exchangeRate) {
        this.photos = photos;
        this.exchangeRate = exchangeRate;
    }

    public record PricedPhoto(long id, String title, BigDecimal priceKrw) {
    }

    public record ExchangeRate(String currency, BigDecimal perUsd) {
    }

    /** A photo from the database, priced with the rate that the other service gives. */
    public Optional<PricedPhoto> find(long id) {
        log.info("looking up photo {}", id);
        Optional<Photo> found = photos.findById(id);
        if (found.isEmpty()) {
            log.warn("there is no photo {}", id);
        }
        return found.map(photo -> {
            ExchangeRate rate = exchangeRate.get().retrieve().body(ExchangeRate.class);
            BigDecimal price = photo.getPriceUsd().multiply(rate.perUsd()).setScale(0, RoundingMode.HALF_UP);
            log.debug("photo {} costs {} {} at {}", id, price, rate.currency(), rate.perUsd());
            return new PricedPhoto(photo.getId(), photo.getTitle(), price);
        });
    }

    public long countSlowly(long millis) {
        log.warn("counting slowly: {} ms", millis);
        return photos.countSlowly(millis);
    }

    public void fail() {
        try {
            photos.findById(null);
        } catch (RuntimeException cause) {
            IllegalStateException failure = new IllegalStateException("the photo store is broken", cause);
            log.error("photo lookup failed", failure);
            throw failure;
        }
    }
}
