package com.photogather.was;

/** The SQL function {@code sleep}, see schema.sql. */
public final class SlowSql {

    private SlowSql() {
    }

    public static long sleep(long millis) throws InterruptedException {
        Thread.sleep(millis);
        return millis;
    }
}
