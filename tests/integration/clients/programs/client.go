package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

var versions = map[string]bool{}

func ask(url string, body string) (int, string, error) {
	method, reader := "GET", io.Reader(nil)
	if body != "" {
		method, reader = "POST", strings.NewReader(body)
	}
	request, err := http.NewRequest(method, url, reader)
	if err != nil {
		return 0, "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	versions[response.Proto] = true
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

func must(url string, body string) []any {
	status, text, err := ask(url, body)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return []any{status, text}
}

func main() {
	origin := os.Getenv("ORIGIN")
	found := map[string]any{
		"hello":       must(origin+"/v1/hello", ""),
		"digest":      must(origin+"/v1/digest", strings.Repeat("finch ", 50000)),
		"stream":      must(origin+"/v1/stream", ""),
		"closed_path": must(origin+"/private", "")[0],
	}
	status, _, err := ask("https://elsewhere.example.com/", "")
	found["closed_host"] = status
	if err != nil {
		found["closed_host"] = "error"
	}
	spoken := []string{}
	for version := range versions {
		spoken = append(spoken, version)
	}
	found["versions"] = spoken
	json.NewEncoder(os.Stdout).Encode(found)
}
