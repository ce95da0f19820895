package com.photogather.was;

import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** Two threads that wait for each other until the application ends: to see what dashboards and alerts make of it. Off unless asked for. */
@RestController
@ConditionalOnProperty("was.deadlock")
class DeadlockController {

    private static final Logger log = LoggerFactory.getLogger(DeadlockController.class);

    @PostMapping("/api/deadlock")
    @ResponseStatus(HttpStatus.ACCEPTED)
    void deadlock() {
        log.warn("two threads are about to wait for each other");
        Object first = new Object();
        Object second = new Object();
        CountDownLatch bothHoldOne = new CountDownLatch(2);
        start("deadlock-1", first, second, bothHoldOne);
        start("deadlock-2", second, first, bothHoldOne);
    }

    private static void start(String name, Object held, Object wanted, CountDownLatch bothHoldOne) {
        Thread thread = new Thread(() -> {
            synchronized (held) {
                bothHoldOne.countDown();
                try {
                    bothHoldOne.await();
                } catch (InterruptedException interrupted) {
                    return;
                }
                synchronized (wanted) {
                    log.error("no deadlock after all");
                }
            }
        }, name);
        // A daemon does not keep the application from ending.
        thread.setDaemon(true);
        thread.start();
    }
}
