// A stand-in for Grafana's HTTP API where its image cannot be had: health, data sources by uid, the data source proxy by uid,
// dashboards by uid and search, from the files that the container is provisioned with. It draws nothing. What it does not know it refuses.
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
)

func main() {
	command := "server"
	if len(os.Args) > 1 {
		command = os.Args[1]
	}
	var err error
	switch command {
	case "server":
		err = serve(os.Args[2:])
	case "cli":
		err = cli(os.Args[2:])
	default:
		err = fmt.Errorf("unknown command %q", command)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func serve(args []string) error {
	settings, err := readSettings(args)
	if err != nil {
		return err
	}
	if err := createAdmin(settings); err != nil {
		return err
	}
	server := &server{settings: settings}
	if err := server.loadSources(); err != nil {
		return err
	}
	if _, err := readDashboards(settings.provisioning()); err != nil {
		return err
	}
	address := settings.get("server", "http_addr") + ":" + settings.get("server", "http_port")
	log.Printf("HTTP Server Listen on %s, %d data sources", address, len(server.sources))
	return http.ListenAndServe(address, server.routes())
}

// cli knows what a rotation of the admin's password needs: `cli [--flags] admin reset-admin-password [--password-from-stdin] [PASSWORD]`.
func cli(args []string) error {
	var words []string
	fromStdin := false
	var flags []string
	for _, arg := range args {
		switch {
		case arg == "--password-from-stdin":
			fromStdin = true
		case strings.HasPrefix(arg, "-"):
			flags = append(flags, arg)
		default:
			words = append(words, arg)
		}
	}
	if len(words) < 2 || words[0] != "admin" || words[1] != "reset-admin-password" {
		return fmt.Errorf("expected: cli admin reset-admin-password")
	}
	var password string
	if fromStdin {
		text, err := io.ReadAll(os.Stdin)
		if err != nil {
			return err
		}
		password = strings.TrimRight(string(text), "\r\n")
	} else if len(words) == 3 {
		password = words[2]
	}
	if len(password) < 4 {
		return fmt.Errorf("new password is too short")
	}
	settings, err := readSettings(flags)
	if err != nil {
		return err
	}
	if err := writeAdmin(settings, settings.get("security", "admin_user"), password); err != nil {
		return err
	}
	fmt.Println("Admin password changed successfully ✔")
	return nil
}
