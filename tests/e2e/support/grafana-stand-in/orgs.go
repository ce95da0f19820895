package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// refusal is an answer that is no success.
type refusal struct {
	status int
	text   string
}

func (r refusal) Error() string { return r.text }

var (
	forbidden = refusal{403, "You'll need additional permissions to perform this action."}
	orgPath   = regexp.MustCompile(`^/api/orgs/(\d+)(?:/users(?:/(\d+))?)?$`)
	roles     = map[string]bool{"Viewer": true, "Editor": true, "Admin": true, "None": true}
)

// administer is what the server's admin alone may do: users and organizations; false where the request is something else.
func (s *server) administer(w http.ResponseWriter, r *http.Request, userID int) bool {
	path := r.URL.Path
	ids := orgPath.FindStringSubmatch(path)
	var body map[string]any
	act := func(*database) (any, error) { return nil, refusal{404, "Not found"} }
	text := func(key string) string { value, _ := body[key].(string); return value }
	switch {
	case path == "/api/admin/users" && r.Method == "POST":
		act = func(db *database) (any, error) { return db.createUser(s.settings, body) }
	case path == "/api/users/lookup" && r.Method == "GET":
		act = func(db *database) (any, error) {
			id, _ := db.find(r.URL.Query().Get("loginOrEmail"))
			if id == 0 {
				return nil, refusal{404, "user not found"}
			}
			return map[string]any{"id": id}, nil
		}
	case path == "/api/orgs" && r.Method == "POST":
		act = func(db *database) (any, error) { return db.createOrg(text("name"), userID) }
	case strings.HasPrefix(path, "/api/orgs/name/") && r.Method == "GET":
		act = func(db *database) (any, error) {
			for _, o := range db.Orgs {
				if o.Name == strings.TrimPrefix(path, "/api/orgs/name/") {
					return map[string]any{"id": o.ID, "name": o.Name}, nil
				}
			}
			return nil, refusal{404, "Organization not found"}
		}
	case ids != nil:
		id, _ := strconv.Atoi(ids[1])
		member, _ := strconv.Atoi(ids[2])
		users := strings.Contains(path, "/users")
		act = func(db *database) (any, error) {
			return db.changeOrg(r.Method, id, users, member, text("loginOrEmail"), text("role"))
		}
	default:
		return false
	}
	if userID != 1 {
		answer(w, forbidden.status, message(forbidden.text))
		return true
	}
	if r.Method == "POST" || r.Method == "PATCH" {
		if json.NewDecoder(r.Body).Decode(&body) != nil {
			answer(w, 400, message("bad request data"))
			return true
		}
	}
	s.commit(w, act)
	return true
}

// commit answers with what a change gives, or why there is none.
func (s *server) commit(w http.ResponseWriter, act func(*database) (any, error)) {
	var result any
	err := change(s.settings, func(db *database) (err error) {
		result, err = act(db)
		return err
	})
	if refused, is := err.(refusal); is {
		answer(w, refused.status, message(refused.text))
	} else if err != nil {
		answer(w, 500, message(err.Error()))
	} else {
		answer(w, 200, result)
	}
}

func (db *database) createUser(s settings, body map[string]any) (any, error) {
	text := func(key string) string { value, _ := body[key].(string); return value }
	login := text("login")
	if login == "" {
		login = text("email")
	}
	if login == "" {
		return nil, refusal{400, "Validation error, need specify either username or email"}
	}
	if len(text("password")) < 4 {
		return nil, refusal{400, "Password is missing or too short"}
	}
	for _, name := range []string{login, text("email")} {
		if id, _ := db.find(name); id != 0 {
			return nil, refusal{412, fmt.Sprintf("User with email '%s' or username '%s' already exists", text("email"), login)}
		}
	}
	into := mainOrg
	if given, is := body["OrgId"].(float64); is && given != 0 {
		into = int(given)
	}
	o := db.org(into)
	if o == nil {
		return nil, refusal{400, "organization not found"}
	}
	db.NextID++
	db.Users = append(db.Users, &user{ID: db.NextID, Login: login, Email: text("email"), Digest: digest(text("password"))})
	o.Members[db.NextID] = s.get("users", "auto_assign_org_role")
	return map[string]any{"message": "User created", "id": db.NextID}, nil
}

// createOrg makes one whose maker is its admin.
func (db *database) createOrg(name string, maker int) (any, error) {
	for _, o := range db.Orgs {
		if o.Name == name {
			return nil, refusal{409, "Organization name taken"}
		}
	}
	if name == "" {
		return nil, refusal{400, "bad request data"}
	}
	db.NextID++
	db.Orgs = append(db.Orgs, &org{
		ID: db.NextID, Name: name, Members: map[int]string{maker: "Admin"}, Sources: map[string]*source{}, Folders: map[string]string{}, Dashboards: map[string]stored{},
	})
	return map[string]any{"orgId": db.NextID, "message": "Organization created"}, nil
}

func (db *database) changeOrg(method string, id int, users bool, member int, name, role string) (any, error) {
	o := db.org(id)
	if o == nil {
		return nil, refusal{404, "Organization not found"}
	}
	switch {
	case !users && method == "DELETE":
		for i, each := range db.Orgs {
			if each == o {
				db.Orgs = append(db.Orgs[:i], db.Orgs[i+1:]...)
			}
		}
		return message("Organization deleted"), nil
	case users && member == 0 && method == "GET":
		found := []map[string]any{}
		for id, role := range o.Members {
			entry := map[string]any{"orgId": o.ID, "userId": id, "role": role, "login": db.User}
			for _, u := range db.Users {
				if u.ID == id {
					entry["login"], entry["email"] = u.Login, u.Email
				}
			}
			found = append(found, entry)
		}
		return found, nil
	case users && member == 0 && method == "POST":
		added, _ := db.find(name)
		if !roles[role] {
			return nil, refusal{400, "Invalid role specified"}
		} else if added == 0 {
			return nil, refusal{404, "user not found"}
		} else if o.Members[added] != "" {
			return nil, refusal{409, "User is already member of this organization"}
		}
		o.Members[added] = role
		return map[string]any{"message": "User added to organization", "userId": added}, nil
	case users && member != 0 && (method == "PATCH" || method == "DELETE"):
		left := 0
		for id, each := range o.Members {
			if each == "Admin" && (id != member || role == "Admin") {
				left++
			}
		}
		if left == 0 {
			return nil, refusal{400, "Cannot remove last organization admin"}
		}
		if method == "DELETE" {
			delete(o.Members, member)
			return message("User removed from organization"), nil
		}
		if !roles[role] {
			return nil, refusal{400, "Invalid role specified"}
		}
		o.Members[member] = role
		return message("Organization user updated"), nil
	}
	return nil, refusal{404, "Not found"}
}
