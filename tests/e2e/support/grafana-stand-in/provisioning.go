package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"gopkg.in/yaml.v3"
)

// source is one data source as a provisioning file gives it. A field that is not listed here is an error: most likely a typo.
type source struct {
	Name            string         `yaml:"name"`
	Type            string         `yaml:"type"`
	Access          string         `yaml:"access"`
	OrgID           int            `yaml:"orgId"`
	UID             string         `yaml:"uid"`
	URL             string         `yaml:"url"`
	User            string         `yaml:"user"`
	Database        string         `yaml:"database"`
	BasicAuth       bool           `yaml:"basicAuth"`
	BasicAuthUser   string         `yaml:"basicAuthUser"`
	WithCredentials bool           `yaml:"withCredentials"`
	IsDefault       bool           `yaml:"isDefault"`
	Correlations    []*correlation `yaml:"correlations"`
	JSONData        map[string]any `yaml:"jsonData"`
	SecureJSONData  map[string]any `yaml:"secureJsonData"`
	Editable        bool           `yaml:"editable"`
	Version         int            `yaml:"version"`
}

// correlation is a link to a query of another data source. Grafana needs label and description, and takes nothing else beside config.
type correlation struct {
	TargetUID   string         `yaml:"targetUID"`
	Label       string         `yaml:"label"`
	Description string         `yaml:"description"`
	Config      map[string]any `yaml:"config"`
}

// uid is the correlation's own, by its source's and where it leads.
func (c *correlation) uid(source string) string {
	return source + "-" + digest(c.TargetUID + c.Label)[:8]
}

func (s *source) secure(key string) string {
	value, _ := s.SecureJSONData[key].(string)
	return value
}

func readSources(provisioning string) (map[string]*source, error) {
	sources := map[string]*source{}
	defaultName := ""
	err := eachFile(filepath.Join(provisioning, "datasources"), func(file string) error {
		var content struct {
			APIVersion        int       `yaml:"apiVersion"`
			Prune             bool      `yaml:"prune"`
			Datasources       []*source `yaml:"datasources"`
			DeleteDatasources []struct {
				Name  string `yaml:"name"`
				OrgID int    `yaml:"orgId"`
			} `yaml:"deleteDatasources"`
		}
		if err := readStrictly(file, &content); err != nil {
			return err
		}
		for _, s := range content.Datasources {
			if s.UID == "" || s.Name == "" || s.Type == "" {
				return fmt.Errorf("%s: a data source needs uid, name and type", file)
			}
			if s.Access != "" && s.Access != "proxy" {
				return fmt.Errorf("%s: data source %s: access %q", file, s.UID, s.Access)
			}
			if sources[s.UID] != nil {
				return fmt.Errorf("%s: data source %s is there twice", file, s.UID)
			}
			if s.IsDefault {
				if defaultName != "" {
					return fmt.Errorf("%s: only one data source can be the default: %s, %s", file, defaultName, s.Name)
				}
				defaultName = s.Name
			}
			s.URL, s.BasicAuthUser = expand(s.URL).(string), expand(s.BasicAuthUser).(string)
			s.JSONData, _ = expand(s.JSONData).(map[string]any)
			s.SecureJSONData, _ = expand(s.SecureJSONData).(map[string]any)
			for _, c := range s.Correlations {
				if c.TargetUID == "" || c.Label == "" || c.Description == "" {
					return fmt.Errorf("%s: a correlation of %s needs targetUID, label and description", file, s.UID)
				}
				c.Config, _ = expand(c.Config).(map[string]any)
			}
			sources[s.UID] = s
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, s := range sources {
		for _, c := range s.Correlations {
			if sources[c.TargetUID] == nil {
				return nil, fmt.Errorf("correlation %q of %s: no data source has the uid %s", c.Label, s.UID, c.TargetUID)
			}
		}
	}
	return sources, nil
}

// dashboard is one file that some provider finds.
type dashboard struct {
	uid, title, folder, folderUID string
	tags                          []string
	body                          map[string]any
}

func readDashboards(provisioning string) ([]dashboard, error) {
	var found []dashboard
	seen := map[string]string{}
	err := eachFile(filepath.Join(provisioning, "dashboards"), func(file string) error {
		var content struct {
			APIVersion int `yaml:"apiVersion"`
			Providers  []struct {
				Name                  string `yaml:"name"`
				OrgID                 int    `yaml:"orgId"`
				Type                  string `yaml:"type"`
				Folder                string `yaml:"folder"`
				FolderUID             string `yaml:"folderUid"`
				DisableDeletion       bool   `yaml:"disableDeletion"`
				Editable              bool   `yaml:"editable"`
				AllowUIUpdates        bool   `yaml:"allowUiUpdates"`
				UpdateIntervalSeconds int    `yaml:"updateIntervalSeconds"`
				Options               struct {
					Path                      string `yaml:"path"`
					FoldersFromFilesStructure bool   `yaml:"foldersFromFilesStructure"`
				} `yaml:"options"`
			} `yaml:"providers"`
		}
		if err := readStrictly(file, &content); err != nil {
			return err
		}
		for _, p := range content.Providers {
			root := expand(p.Options.Path).(string)
			err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
				if err != nil || entry.IsDir() || filepath.Ext(path) != ".json" {
					return err
				}
				folder := p.Folder
				below, err := filepath.Rel(root, filepath.Dir(path))
				if err != nil {
					return err
				}
				if p.Options.FoldersFromFilesStructure && below != "." {
					// Grafana takes the last directory's name: two of one name would become one folder.
					if strings.Contains(below, string(filepath.Separator)) {
						return fmt.Errorf("%s: a folder within a folder", path)
					}
					folder = below
				}
				d, err := readDashboard(path, folder, p.FolderUID)
				if err != nil {
					return err
				}
				if other := seen[d.uid]; other != "" {
					return fmt.Errorf("%s: the uid %s is also in %s", path, d.uid, other)
				}
				seen[d.uid] = path
				found = append(found, d)
				return nil
			})
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		return nil
	})
	return found, err
}

func readDashboard(path, folder, folderUID string) (dashboard, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return dashboard{}, err
	}
	var body map[string]any
	if err := json.Unmarshal(text, &body); err != nil {
		return dashboard{}, fmt.Errorf("%s: %w", path, err)
	}
	d := dashboard{folder: folder, folderUID: folderUID, body: body}
	d.uid, _ = body["uid"].(string)
	d.title, _ = body["title"].(string)
	if d.uid == "" || d.title == "" {
		return d, fmt.Errorf("%s: a dashboard needs uid and title", path)
	}
	if err := checkPanels(body["panels"]); err != nil {
		return d, fmt.Errorf("%s: %w", path, err)
	}
	tags, _ := body["tags"].([]any)
	for _, tag := range tags {
		d.tags = append(d.tags, fmt.Sprint(tag))
	}
	return d, nil
}

// panelTypes are those of Grafana 12.4 without plugins; Grafana itself shows "Panel plugin not found" in place of any other.
var panelTypes = map[string]bool{
	"alertlist": true, "annolist": true, "barchart": true, "bargauge": true, "candlestick": true, "canvas": true, "dashlist": true, "flamegraph": true,
	"gauge": true, "geomap": true, "heatmap": true, "histogram": true, "logs": true, "news": true, "nodeGraph": true, "piechart": true, "row": true,
	"stat": true, "state-timeline": true, "status-history": true, "table": true, "text": true, "timeseries": true, "traces": true, "trend": true, "xychart": true,
}

func checkPanels(list any) error {
	panels, _ := list.([]any)
	for _, entry := range panels {
		panel, _ := entry.(map[string]any)
		kind, _ := panel["type"].(string)
		if !panelTypes[kind] {
			return fmt.Errorf("panel %v: unknown type %q", panel["title"], kind)
		}
		if err := checkPanels(panel["panels"]); err != nil {
			return err
		}
	}
	return nil
}

func eachFile(dir string, visit func(file string) error) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].Name() < entries[j].Name() })
	for _, entry := range entries {
		if ext := filepath.Ext(entry.Name()); ext == ".yaml" || ext == ".yml" {
			if err := visit(filepath.Join(dir, entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

func readStrictly(file string, into any) error {
	reader, err := os.Open(file)
	if err != nil {
		return err
	}
	defer reader.Close()
	decoder := yaml.NewDecoder(reader)
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil && err != io.EOF {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// expand replaces variables in every string, as provisioning does: `$$` is a dollar sign, `$NAME` and `${NAME}` come from the environment.
func expand(value any) any {
	switch v := value.(type) {
	case string:
		parts := strings.Split(v, "$$")
		for i, part := range parts {
			parts[i] = os.ExpandEnv(expandVar(part))
		}
		return strings.Join(parts, "$")
	case map[string]any:
		for key, inner := range v {
			v[key] = expand(inner)
		}
	case []any:
		for i, inner := range v {
			v[i] = expand(inner)
		}
	}
	return value
}
