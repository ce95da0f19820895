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

// logins knows users beside the admin, for as long as the program runs, and slows down whoever guesses passwords: after five wrong ones within five
// minutes a user's right one is refused as well, and with the same words.
type logins struct {
	mutex  sync.Mutex
	users  map[string]string
	failed map[string][]time.Time
}

func (l *logins) check(s settings, user, password string) bool {
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
		return false
	}
	known, is := l.users[user]
	if isAdmin(s, user, password) || (is && known == digest(password)) {
		delete(l.failed, user)
		return true
	}
	if l.failed == nil {
		l.failed = map[string][]time.Time{}
	}
	l.failed[user] = append(recent, time.Now())
	return false
}

func (l *logins) role(s settings, user string) string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if _, is := l.users[user]; is {
		return s.get("users", "auto_assign_org_role")
	}
	return "Admin"
}

// login is the login page's request.
func (s *server) login(w http.ResponseWriter, r *http.Request) {
	var form struct{ User, Password string }
	if json.NewDecoder(r.Body).Decode(&form) != nil || form.User == "" {
		answer(w, 400, message("Bad login data"))
		return
	}
	if !s.logins.check(s.settings, form.User, form.Password) {
		answer(w, 401, message("Invalid username or password"))
		return
	}
	answer(w, 200, message("Logged in"))
}

// administer makes and deletes users; false where the request is something else.
func (s *server) administer(w http.ResponseWriter, r *http.Request) bool {
	if r.URL.Path != "/api/admin/users" || r.Method != "POST" {
		return false
	}
	var user struct{ Login, Password string }
	if json.NewDecoder(r.Body).Decode(&user) != nil || user.Login == "" || len(user.Password) < 4 {
		answer(w, 400, message("Validation error, need specify either username or email"))
		return true
	}
	s.logins.mutex.Lock()
	defer s.logins.mutex.Unlock()
	if s.logins.users == nil {
		s.logins.users = map[string]string{}
	}
	s.logins.users[user.Login] = digest(user.Password)
	answer(w, 200, map[string]any{"message": "User created", "id": len(s.logins.users) + 1})
	return true
}
