package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/e2bt/e2bt/builder"
	"github.com/e2bt/e2bt/diagnose"
)

// tailLines is how many lines of a failed step's log are shown.
const tailLines = 20

// buildLog is the log of one attempt to build one template. Without a file it
// keeps what a diagnosis needs all the same.
type buildLog struct {
	path    string // "" where there is no file
	file    *os.File
	w       *bufio.Writer
	scanner *diagnose.Scanner // of the step that runs
	tail    []string
	events  []builder.Event // beside the lines, for a snapshot

	templateID, buildID string
}

// createLog starts the log of a build in a file of its own.
func createLog(dir string, e builder.Event) (*buildLog, error) {
	name := fmt.Sprintf("%s-%s-%.8s.log", fileName(e.Template), e.Time.UTC().Format("20060102-150405"), fileName(e.BuildID))
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return &buildLog{}, err
	}
	file, err := os.Create(path)
	if err != nil {
		return &buildLog{}, err
	}
	return &buildLog{path: path, file: file, w: bufio.NewWriterSize(file, 64<<10)}, nil
}

// fileName makes a name from elsewhere one of a file.
func fileName(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("/\\:", r) || harmful(r) {
			return '_'
		}
		return r
	}, name)
}

// write adds what an event says, with its time and place.
func (b *buildLog) write(e builder.Event, message string) error {
	if b.file == nil {
		return nil
	}
	where := e.Batch
	if where == "" {
		where = e.Phase
	}
	_, err := fmt.Fprintf(b.w, "%s %s | %s\n", e.Time.UTC().Format("15:04:05.000"), where, message)
	return err
}

func (b *buildLog) close() error {
	if b.file == nil {
		return nil
	}
	err := errors.Join(b.w.Flush(), b.file.Close())
	b.file = nil
	return err
}
