package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"gopkg.in/yaml.v3"
)

// make is what an organization's admin or editor may do by the API: data sources, correlations, folders, dashboards; false where the request is something else.
func (s *server) make(w http.ResponseWriter, r *http.Request, in int, role string) bool {
	path := strings.Trim(strings.TrimPrefix(r.URL.Path, "/api/"), "/")
	parts := strings.Split(path, "/")
	// What comes from provisioning files cannot be changed so, and nobody here makes anything else in the main organization.
	provisioned := in == mainOrg
	var act func(o *org, body []byte) (any, error)
	needs := "Admin"
	switch {
	case path == "datasources" && r.Method == "GET":
		act = func(o *org, _ []byte) (any, error) {
			list := []map[string]any{}
			for uid, source := range s.sourcesOf(o) {
				list = append(list, map[string]any{"uid": uid, "name": source.Name, "type": source.Type})
			}
			return list, nil
		}
		provisioned = false
	case path == "datasources" && r.Method == "POST":
		act = func(o *org, body []byte) (any, error) { return o.putSource("", body) }
	case len(parts) == 3 && parts[0] == "datasources" && parts[1] == "uid" && (r.Method == "PUT" || r.Method == "DELETE"):
		act = func(o *org, body []byte) (any, error) {
			if o.Sources[parts[2]] == nil {
				return nil, refusal{404, "Data source not found"}
			}
			if r.Method == "PUT" {
				return o.putSource(parts[2], body)
			}
			delete(o.Sources, parts[2])
			return message("Data source deleted"), nil
		}
	case len(parts) == 4 && parts[3] == "correlations" && r.Method == "POST":
		act = func(o *org, body []byte) (any, error) { return o.addCorrelation(parts[2], body) }
	case len(parts) == 5 && parts[3] == "correlations" && r.Method == "DELETE":
		act = func(o *org, _ []byte) (any, error) { return o.deleteCorrelation(parts[2], parts[4]) }
	case path == "folders" && r.Method == "POST":
		needs = "Editor"
		act = func(o *org, body []byte) (any, error) { return o.addFolder(body) }
	case path == "dashboards/db" && r.Method == "POST":
		needs = "Editor"
		act = func(o *org, body []byte) (any, error) { return o.saveDashboard(body) }
	default:
		return false
	}
	if (role != "Admin" && role != needs) || provisioned {
		answer(w, forbidden.status, message(forbidden.text))
		return true
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		answer(w, 400, message("bad request data"))
		return true
	}
	s.commit(w, func(db *database) (any, error) { return act(db.org(in), body) })
	return true
}

// sourcesOf gives the data sources of an organization.
func (s *server) sourcesOf(o *org) map[string]*source {
	if o.ID != mainOrg {
		return o.Sources
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.sources
}

// strictly reads JSON, which is YAML too; a field that is not known is refused.
func strictly(body []byte, into any) error {
	decoder := yaml.NewDecoder(strings.NewReader(string(body)))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil {
		return refusal{400, "bad request data: " + err.Error()}
	}
	return nil
}

func (o *org) putSource(uid string, body []byte) (any, error) {
	made := &source{}
	if err := strictly(body, made); err != nil {
		return nil, err
	}
	if made.Name == "" || made.Type == "" || made.Access != "proxy" || made.UID == "" || len(made.Correlations) > 0 {
		return nil, refusal{400, "bad request data"}
	}
	for other, each := range o.Sources {
		if other != uid && (each.Name == made.Name || other == made.UID) {
			return nil, refusal{409, "data source with the same name already exists"}
		}
	}
	if uid != "" {
		made.Correlations = o.Sources[uid].Correlations
		delete(o.Sources, uid)
	}
	o.Sources[made.UID] = made
	return map[string]any{"message": "Datasource added", "name": made.Name}, nil
}

func (o *org) addCorrelation(uid string, body []byte) (any, error) {
	var made struct {
		correlation `yaml:",inline"`
		Type        string `yaml:"type"`
	}
	if err := strictly(body, &made); err != nil {
		return nil, err
	}
	if o.Sources[uid] == nil || o.Sources[made.TargetUID] == nil {
		return nil, refusal{404, "Data source not found"}
	}
	if made.Type != "query" || made.Label == "" {
		return nil, refusal{400, "bad request data"}
	}
	o.Sources[uid].Correlations = append(o.Sources[uid].Correlations, &made.correlation)
	return message("Correlation created"), nil
}

func (o *org) deleteCorrelation(uid, id string) (any, error) {
	if o.Sources[uid] == nil {
		return nil, refusal{404, "Data source not found"}
	}
	for i, c := range o.Sources[uid].Correlations {
		if c.uid(uid) == id {
			o.Sources[uid].Correlations = append(o.Sources[uid].Correlations[:i], o.Sources[uid].Correlations[i+1:]...)
			return message("Correlation deleted"), nil
		}
	}
	return nil, refusal{404, "Correlation not found"}
}

func (o *org) addFolder(body []byte) (any, error) {
	var form struct{ UID, Title string }
	if json.Unmarshal(body, &form) != nil || form.Title == "" {
		return nil, refusal{400, "bad request data"}
	}
	if o.Folders[form.UID] != "" {
		return nil, refusal{409, "a folder with the same UID already exists"}
	}
	o.Folders[form.UID] = form.Title
	return map[string]any{"uid": form.UID, "title": form.Title}, nil
}

func (o *org) saveDashboard(body []byte) (any, error) {
	var form struct {
		Dashboard map[string]any
		FolderUID string
		Overwrite bool
	}
	if json.Unmarshal(body, &form) != nil {
		return nil, refusal{400, "bad request data"}
	}
	uid, _ := form.Dashboard["uid"].(string)
	title, _ := form.Dashboard["title"].(string)
	if title == "" || uid == "" {
		return nil, refusal{400, "Dashboard title cannot be empty"}
	}
	if form.FolderUID != "" && o.Folders[form.FolderUID] == "" {
		return nil, refusal{400, "folder not found"}
	}
	if _, is := o.Dashboards[uid]; is && !form.Overwrite {
		return nil, refusal{412, "The dashboard has been changed by someone else"}
	}
	if err := checkPanels(form.Dashboard["panels"]); err != nil {
		return nil, refusal{400, err.Error()}
	}
	o.Dashboards[uid] = stored{FolderUID: form.FolderUID, Body: form.Dashboard}
	return map[string]any{"uid": uid, "status": "success", "url": "/d/" + uid}, nil
}
