package main

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

const (
	maxAttempts   = 5
	attemptWindow = 5 * time.Minute
)

// logins slows down whoever guesses passwords: after five wrong ones within five minutes a user's right one is refused as well, and with the same words.
type logins struct {
	mutex  sync.Mutex
	failed map[string][]time.Time
}

// check gives the user's id, or 0.
func (l *logins) check(s settings, user, password string) int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	recent := []time.Time{}
	for _, at := range l.failed[user] {
		if time.Since(at) < attemptWindow {
			recent = append(recent, at)
		}
	}
	protected := s.get("security", "disable_brute_force_login_protection") != "true"
	if protected && len(recent) >= maxAttempts {
		return 0
	}
	if id, known := view(s).find(user); id != 0 && known == digest(password) {
		delete(l.failed, user)
		return id
	}
	if l.failed == nil {
		l.failed = map[string][]time.Time{}
	}
	l.failed[user] = append(recent, time.Now())
	return 0
}

// login is the login page's request.
func (s *server) login(w http.ResponseWriter, r *http.Request) {
	var form struct{ User, Password string }
	if json.NewDecoder(r.Body).Decode(&form) != nil || form.User == "" {
		answer(w, 400, message("Bad login data"))
		return
	}
	if s.logins.check(s.settings, form.User, form.Password) == 0 {
		answer(w, 401, message("Invalid username or password"))
		return
	}
	answer(w, 200, message("Logged in"))
}
