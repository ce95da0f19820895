package com.photogather.was;

import org.springframework.data.jpa.repository.JpaRepository;
import org.springframework.data.jpa.repository.Query;

public interface PhotoRepository extends JpaRepository<Photo, Long> {

    /** Counts the photos, and waits {@code millis} at each. */
    @Query(value = "select count(*) from photo where sleep(:millis) >= 0", nativeQuery = true)
    long countSlowly(long millis);
}
