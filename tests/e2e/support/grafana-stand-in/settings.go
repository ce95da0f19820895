package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// settings is grafana.ini, with GF_<SECTION>_<KEY> from the environment over it, as Grafana reads them.
type settings map[string]string

var defaults = settings{
	"security.admin_user": "admin", "security.admin_password": "admin",
	"security.disable_brute_force_login_protection": "false", "users.auto_assign_org_role": "Viewer", "auth.anonymous.enabled": "false", "users.allow_sign_up": "false",
	"server.http_addr": "", "server.http_port": "3000",
	"paths.data": "/var/lib/grafana", "paths.provisioning": "/etc/grafana/provisioning",
}

func (s settings) get(section, key string) string {
	name := "GF_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(section)+"_"+key)
	if value, set := os.LookupEnv(name); set && value != "" {
		return expandVar(value)
	}
	if value, set := s[section+"."+key]; set {
		return value
	}
	return defaults[section+"."+key]
}

func (s settings) provisioning() string { return s.get("paths", "provisioning") }

func readSettings(args []string) (settings, error) {
	file := "/etc/grafana/grafana.ini"
	for _, arg := range args {
		if path, is := strings.CutPrefix(arg, "--config="); is {
			file = path
		}
	}
	result := settings{}
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return result, nil
	}
	if err != nil {
		return nil, err
	}
	section := ""
	scanner := bufio.NewScanner(strings.NewReader(string(text)))
	for scanner.Scan() {
		line := strings.TrimSpace(scanner.Text())
		key, value, isPair := strings.Cut(line, "=")
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
		case line[0] == '[' && line[len(line)-1] == ']':
			section = line[1 : len(line)-1]
		case isPair:
			result[section+"."+strings.TrimSpace(key)] = expandVar(unquote(strings.TrimSpace(value)))
		default:
			return nil, fmt.Errorf("%s: cannot read the line %q", file, line)
		}
	}
	return result, scanner.Err()
}

func unquote(value string) string {
	for _, quote := range []string{`"""`, "`", `"`} {
		if len(value) >= 2*len(quote) && strings.HasPrefix(value, quote) && strings.HasSuffix(value, quote) {
			return value[len(quote) : len(value)-len(quote)]
		}
	}
	return value
}

var provider = regexp.MustCompile(`\$(|__\w+)\{([^}]+)\}`)

// expandVar replaces $__file{path}, $__env{NAME} and ${NAME}.
func expandVar(value string) string {
	return provider.ReplaceAllStringFunc(value, func(found string) string {
		parts := provider.FindStringSubmatch(found)
		switch parts[1] {
		case "__file":
			text, err := os.ReadFile(parts[2])
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			return strings.TrimSpace(string(text))
		case "", "__env":
			return os.Getenv(parts[2])
		}
		return found
	})
}

func digest(password string) string {
	sum := sha256.Sum256([]byte(password))
	return hex.EncodeToString(sum[:])
}
