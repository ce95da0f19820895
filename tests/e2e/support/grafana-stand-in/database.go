package main

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
)

// mainOrg is the organization that is there from the first start; who is made without an organization comes into it.
const mainOrg = 1

// database is what the real one keeps: written at the first start, and with each change. It outlives the container.
type database struct {
	User   string  `json:"user"`
	Digest string  `json:"digest"`
	Users  []*user `json:"users"`
	Orgs   []*org  `json:"orgs"`
	NextID int     `json:"nextId"`
}

// user is one beside the admin, whose id is 1.
type user struct {
	ID     int    `json:"id"`
	Login  string `json:"login"`
	Email  string `json:"email"`
	Digest string `json:"digest"`
}

// org is an organization, with what was made in it by the API. What the main one has besides comes from the provisioning files.
type org struct {
	ID         int                `json:"id"`
	Name       string             `json:"name"`
	Members    map[int]string     `json:"members"`
	Sources    map[string]*source `json:"sources"`
	Folders    map[string]string  `json:"folders"`
	Dashboards map[string]stored  `json:"dashboards"`
}

// stored is a dashboard that was made by the API.
type stored struct {
	FolderUID string         `json:"folderUid"`
	Body      map[string]any `json:"body"`
}

var databaseLock sync.Mutex

func (s settings) database() string { return filepath.Join(s.get("paths", "data"), "grafana.db") }

func readDatabase(s settings) (*database, error) {
	text, err := os.ReadFile(s.database())
	if err != nil {
		return nil, err
	}
	db := &database{}
	return db, json.Unmarshal(text, db)
}

// view reads; what it gives is a copy.
func view(s settings) *database {
	databaseLock.Lock()
	defer databaseLock.Unlock()
	db, err := readDatabase(s)
	if err != nil {
		return &database{}
	}
	return db
}

// change reads, changes and writes; an error of the change leaves it as it was.
func change(s settings, act func(*database) error) error {
	databaseLock.Lock()
	defer databaseLock.Unlock()
	db, err := readDatabase(s)
	if err != nil {
		return err
	}
	if err := act(db); err != nil {
		return err
	}
	return writeDatabase(s, db)
}

func writeDatabase(s settings, db *database) error {
	text, err := json.Marshal(db)
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.database()+".new", text, 0o640); err != nil {
		return err
	}
	return os.Rename(s.database()+".new", s.database())
}

func createAdmin(s settings) error {
	if _, err := os.Stat(s.database()); err == nil {
		return nil
	}
	first := &org{ID: mainOrg, Name: "Main Org.", Members: map[int]string{1: "Admin"}}
	return writeDatabase(s, &database{User: s.get("security", "admin_user"), Digest: digest(s.get("security", "admin_password")), Orgs: []*org{first}, NextID: 2})
}

func writeAdmin(s settings, user, password string) error {
	err := change(s, func(db *database) error {
		db.User, db.Digest = user, digest(password)
		return nil
	})
	// The command line may be the first to come.
	if errors.Is(err, os.ErrNotExist) {
		if err := createAdmin(s); err != nil {
			return err
		}
		return writeAdmin(s, user, password)
	}
	return err
}

func isAdmin(s settings, user, password string) bool {
	db := view(s)
	return user == db.User && subtle.ConstantTimeCompare([]byte(digest(password)), []byte(db.Digest)) == 1
}

// find gives a user's id by login or e-mail address, and its digest; 0 where there is none.
func (db *database) find(name string) (int, string) {
	if name == db.User && name != "" {
		return 1, db.Digest
	}
	for _, u := range db.Users {
		if name != "" && (u.Login == name || u.Email == name) {
			return u.ID, u.Digest
		}
	}
	return 0, ""
}

func (db *database) org(id int) *org {
	for _, o := range db.Orgs {
		if o.ID == id {
			return o
		}
	}
	return nil
}

// membership is the organization that a request is for, and the user's role there: the one that it asks for, else the user's first. "" where it is none of the user's.
func (db *database) membership(user, wanted int) (int, string) {
	for _, o := range db.Orgs {
		if role := o.Members[user]; role != "" && (wanted == 0 || wanted == o.ID) {
			return o.ID, role
		}
	}
	return wanted, ""
}
