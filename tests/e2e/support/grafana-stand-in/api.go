package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
)

type server struct {
	settings settings
	mutex    sync.Mutex
	sources  map[string]*source
	logins   logins
}

func (s *server) loadSources() error {
	sources, err := readSources(s.settings.provisioning())
	if err != nil {
		return err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.sources = sources
	return nil
}

func (s *server) source(in int, uid string) *source {
	if in == mainOrg {
		return s.sourcesOf(&org{ID: mainOrg})[uid]
	}
	if o := view(s.settings).org(in); o != nil {
		return o.Sources[uid]
	}
	return nil
}

func (s *server) routes() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		switch {
		case path == "/api/health":
			answer(w, 200, map[string]any{"database": "ok", "version": os.Getenv("GRAFANA_VERSION"), "commit": "stand-in"})
			return
		case path == "/metrics":
			fmt.Fprintln(w, "grafana_build_info{version=\"stand-in\"} 1")
			return
		case path == "/":
			http.Redirect(w, r, "/login", http.StatusFound)
			return
		case path == "/login" && r.Method == "POST":
			s.login(w, r)
			return
		case path == "/login":
			fmt.Fprintln(w, "<!doctype html><title>Grafana (stand-in)</title>")
			return
		case path == "/api/user/signup" && r.Method == "POST":
			s.signUp(w)
			return
		}
		user, password, given := r.BasicAuth()
		if !given && s.settings.get("auth.anonymous", "enabled") == "true" {
			s.api(w, r, 0, 1, "Viewer")
			return
		}
		if !given {
			answer(w, 401, message("Unauthorized"))
			return
		}
		id := s.logins.check(s.settings, user, password)
		if id == 0 {
			answer(w, 401, message("Invalid username or password"))
			return
		}
		if s.administer(w, r, id) {
			return
		}
		wanted, _ := strconv.Atoi(r.Header.Get("X-Grafana-Org-Id"))
		in, role := view(s.settings).membership(id, wanted)
		if role == "" {
			// Whoever asks for an organization that is not the own one has no permission there.
			answer(w, forbidden.status, message(forbidden.text))
		} else if !s.make(w, r, in, role) {
			s.api(w, r, id, in, role)
		}
	})
}

// signUp is what Grafana answers to who wants a user; none is made.
func (s *server) signUp(w http.ResponseWriter) {
	if s.settings.get("users", "allow_sign_up") == "true" {
		answer(w, 200, map[string]any{"status": "SignUpCreated"})
		return
	}
	answer(w, 401, message("User signup is disabled"))
}

func (s *server) api(w http.ResponseWriter, r *http.Request, id, in int, role string) {
	path := r.URL.Path
	if rest, is := strings.CutPrefix(path, "/api/datasources/proxy/uid/"); is {
		uid, _, _ := strings.Cut(rest, "/")
		s.proxy(w, r, in, uid)
	} else if uid, is := strings.CutPrefix(path, "/api/datasources/uid/"); is && r.Method == "GET" && strings.HasSuffix(uid, "/correlations") {
		s.describeCorrelations(w, in, strings.TrimSuffix(uid, "/correlations"))
	} else if uid, is := strings.CutPrefix(path, "/api/datasources/uid/"); is && r.Method == "GET" {
		s.describeSource(w, in, uid)
	} else if uid, is := strings.CutPrefix(path, "/api/dashboards/uid/"); is && r.Method == "GET" {
		s.describeDashboard(w, in, uid)
	} else if path == "/api/user" && r.Method == "GET" {
		answer(w, 200, map[string]any{"id": id, "login": login(r), "orgId": in, "isGrafanaAdmin": id == 1})
	} else if path == "/api/user/password" && r.Method == "PUT" {
		s.changePassword(w, r)
	} else if path == "/api/search" && r.Method == "GET" {
		s.search(w, in, r.URL.Query())
	} else if strings.HasPrefix(path, "/api/admin/") && id != 1 {
		answer(w, 403, message("You'll need additional permissions to perform this action."))
	} else if path == "/api/admin/provisioning/datasources/reload" && r.Method == "POST" {
		if err := s.loadSources(); err != nil {
			answer(w, 500, message(err.Error()))
			return
		}
		answer(w, 200, message("Datasources config reloaded"))
	} else {
		answer(w, 404, message("Not found"))
	}
}

// changePassword is what a logged-in user may do with the own password: the old one is asked for again, and a new one of four characters or more.
func (s *server) changePassword(w http.ResponseWriter, r *http.Request) {
	var form struct {
		OldPassword string `json:"oldPassword"`
		NewPassword string `json:"newPassword"`
		ConfirmNew  string `json:"confirmNew"`
	}
	user, _, _ := r.BasicAuth()
	if json.NewDecoder(r.Body).Decode(&form) != nil {
		answer(w, 400, message("bad request data"))
	} else if !isAdmin(s.settings, user, form.OldPassword) {
		answer(w, 401, message("Invalid old password"))
	} else if len(form.NewPassword) < 4 {
		answer(w, 400, message("New password is too short"))
	} else if err := writeAdmin(s.settings, user, form.NewPassword); err != nil {
		answer(w, 500, message("Failed to change user password"))
	} else {
		answer(w, 200, message("User password changed"))
	}
}

func (s *server) describeSource(w http.ResponseWriter, in int, uid string) {
	d := s.source(in, uid)
	if d == nil {
		answer(w, 404, message("Data source not found"))
		return
	}
	secure := map[string]bool{}
	for key := range d.SecureJSONData {
		secure[key] = true
	}
	answer(w, 200, map[string]any{
		"uid": d.UID, "orgId": in, "name": d.Name, "type": d.Type, "access": "proxy", "url": d.URL, "user": d.User, "database": d.Database,
		"basicAuth": d.BasicAuth, "basicAuthUser": d.BasicAuthUser, "withCredentials": d.WithCredentials, "isDefault": d.IsDefault,
		"jsonData": d.JSONData, "secureJsonFields": secure, "version": 1, "readOnly": !d.Editable,
	})
}

func (s *server) describeCorrelations(w http.ResponseWriter, in int, uid string) {
	d := s.source(in, uid)
	if d == nil || len(d.Correlations) == 0 {
		answer(w, 404, message("No correlations found"))
		return
	}
	found := []map[string]any{}
	for _, c := range d.Correlations {
		found = append(found, map[string]any{
			"uid": c.uid(uid), "sourceUID": uid, "targetUID": c.TargetUID, "label": c.Label, "description": c.Description, "type": "query", "config": c.Config, "provisioned": in == mainOrg,
		})
	}
	answer(w, 200, found)
}

// proxy sends a request on to a data source, with the headers and the credentials that it was provisioned with and without the caller's.
func (s *server) proxy(w http.ResponseWriter, r *http.Request, in int, uid string) {
	d := s.source(in, uid)
	if d == nil {
		answer(w, 404, message("Unable to find datasource"))
		return
	}
	if d.Type == "prometheus" && !mayAskPrometheus(r.Method, strings.TrimPrefix(r.URL.Path, "/api/datasources/proxy/uid/"+uid+"/")) {
		answer(w, 403, message(r.Method+"s not allowed on proxied Prometheus datasource"))
		return
	}
	target, err := url.Parse(d.URL)
	if err != nil || target.Host == "" {
		answer(w, 500, message("data source has no usable URL"))
		return
	}
	proxy := httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		// The path as it came, so that an encoded slash or brace stays one.
		rest := strings.TrimPrefix(p.In.URL.EscapedPath(), "/api/datasources/proxy/uid/"+uid)
		p.Out.URL.Path, p.Out.URL.RawPath = mustUnescape(rest), rest
		p.SetURL(target)
		p.Out.Header.Del("Authorization")
		p.Out.Header.Del("Cookie")
		if d.BasicAuth {
			p.Out.SetBasicAuth(d.BasicAuthUser, d.secure("basicAuthPassword"))
		}
		for i := 1; ; i++ {
			name, _ := d.JSONData[fmt.Sprintf("httpHeaderName%d", i)].(string)
			if name == "" {
				break
			}
			p.Out.Header.Set(name, d.secure(fmt.Sprintf("httpHeaderValue%d", i)))
		}
	}}
	proxy.ServeHTTP(w, r)
}

func mayAskPrometheus(method, path string) bool {
	switch method {
	case "DELETE", "PUT":
		return false
	case "POST":
		switch path {
		case "api/v1/query", "api/v1/query_range", "api/v1/series", "api/v1/labels", "api/v1/query_exemplars":
			return true
		}
		return false
	}
	return true
}

func mustUnescape(path string) string {
	plain, err := url.PathUnescape(path)
	if err != nil {
		return path
	}
	return plain
}

// dashboards gives those of an organization: the main one's come from the provisioning files.
func (s *server) dashboards(in int) ([]dashboard, error) {
	if in == mainOrg {
		return readDashboards(s.settings.provisioning())
	}
	found := []dashboard{}
	o := view(s.settings).org(in)
	if o == nil {
		return found, nil
	}
	for uid, each := range o.Dashboards {
		title, _ := each.Body["title"].(string)
		found = append(found, dashboard{uid: uid, title: title, folder: o.Folders[each.FolderUID], folderUID: each.FolderUID, body: each.Body})
	}
	return found, nil
}

func login(r *http.Request) string {
	user, _, _ := r.BasicAuth()
	return user
}

func (s *server) describeDashboard(w http.ResponseWriter, in int, uid string) {
	dashboards, err := s.dashboards(in)
	if err != nil {
		answer(w, 500, message(err.Error()))
		return
	}
	for _, d := range dashboards {
		if d.uid == uid {
			answer(w, 200, map[string]any{"dashboard": d.body, "meta": map[string]any{
				"type": "db", "url": "/d/" + d.uid, "folderTitle": d.folder, "folderUid": d.folderUID, "provisioned": in == mainOrg,
			}})
			return
		}
	}
	answer(w, 404, message("Dashboard not found"))
}

func (s *server) search(w http.ResponseWriter, in int, query url.Values) {
	dashboards, err := s.dashboards(in)
	if err != nil {
		answer(w, 500, message(err.Error()))
		return
	}
	found := []map[string]any{}
	for _, d := range dashboards {
		if query.Get("type") == "dash-folder" || !matches(d, query) {
			continue
		}
		found = append(found, map[string]any{
			"uid": d.uid, "title": d.title, "type": "dash-db", "url": "/d/" + d.uid, "tags": d.tags, "folderTitle": d.folder, "folderUid": d.folderUID,
		})
	}
	answer(w, 200, found)
}

func matches(d dashboard, query url.Values) bool {
	if !strings.Contains(strings.ToLower(d.title), strings.ToLower(query.Get("query"))) {
		return false
	}
	for _, tag := range query["tag"] {
		if !strings.Contains("\n"+strings.Join(d.tags, "\n")+"\n", "\n"+tag+"\n") {
			return false
		}
	}
	return true
}

func message(text string) map[string]any { return map[string]any{"message": text} }

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
