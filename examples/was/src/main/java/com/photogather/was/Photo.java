package com.photogather.was;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import java.math.BigDecimal;

@Entity
public class Photo {

    @Id
    private Long id;
    private String title;
    private BigDecimal priceUsd;

    public Long getId() {
        return id;
    }

    public String getTitle() {
        return title;
    }

    public BigDecimal getPriceUsd() {
        return priceUsd;
    }
}
