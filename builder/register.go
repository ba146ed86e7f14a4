package builder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/e2bt/e2bt/config"
	"github.com/e2bt/e2bt/e2b"
	"golang.org/x/sync/errgroup"
)

// queueWait is how long to wait for a free build slot before asking again; it
// doubles up to queueWaitMax.
const (
	queueWait    = 2 * time.Second
	queueWaitMax = 30 * time.Second
)

// register makes a build under this run's own tag, so that two runs never
// supersede each other. Over the team's limit of builds it queues.
func (r *Runner) register(ctx context.Context, t *Template) (e2b.Registration, error) {
	for wait := queueWait; ; wait = min(2*wait, queueWaitMax) {
		reg, err := r.Client.Register(ctx, e2b.RegisterRequest{
			Name: t.Name, Tags: []string{r.runTag}, CPUCount: t.CPUCount, MemoryMB: t.MemoryMB,
		})
		var refused *e2b.Error
		if !errors.As(err, &refused) || refused.StatusCode != 429 {
			return reg, err
		}
		r.emit(Event{Type: EventRetry, Template: t.Name, Message: fmt.Sprintf("waiting for a free build slot: %s", refused.Message)})
		select {
		case <-ctx.Done():
			return reg, ctx.Err()
		case <-time.After(max(wait, refused.RetryAfter)):
		}
	}
}

// upload sends the archives of the COPY steps that the endpoint does not have.
func (r *Runner) upload(ctx context.Context, t *Template, templateID string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2) // packing uses every core by itself
	seen := map[string]bool{}
	for _, s := range t.Steps {
		if s.Tree == nil || seen[s.FilesHash] {
			continue
		}
		seen[s.FilesHash] = true
		group.Go(func() error {
			if err := r.uploadOne(ctx, t, s, templateID); err != nil {
				return fmt.Errorf("%s: %w", s.Range, err)
			}
			return nil
		})
	}
	return group.Wait()
}

func (r *Runner) uploadOne(ctx context.Context, t *Template, s Step, templateID string) error {
	var spool *os.File
	defer func() {
		if spool != nil {
			spool.Close()
			os.Remove(spool.Name())
		}
	}()
	open := func() (io.ReadCloser, int64, error) {
		var size int64
		if spool == nil {
			file, _, err := s.Tree.Spool(ctx, "")
			if err != nil {
				return nil, 0, err
			}
			spool = file
		}
		info, err := spool.Stat()
		if err != nil {
			return nil, 0, err
		}
		size = info.Size()
		return io.NopCloser(io.NewSectionReader(spool, 0, size)), size, nil
	}
	progress := func(sent, total int64) {
		r.emit(Event{Type: EventUpload, Template: t.Name, Index: s.Index, Sent: int(sent), Total: int(total), Message: s.Args[0]})
	}
	return r.Client.UploadFile(ctx, templateID, s.FilesHash, open, progress)
}

// registry translates the credentials of a private base image.
func registry(c *config.Registry) *e2b.Registry {
	if c == nil {
		return nil
	}
	return &e2b.Registry{
		Type:     c.Type,
		Username: c.Fields["username"], Password: c.Fields["password"],
		AWSAccessKeyID: c.Fields["access_key_id"], AWSSecretAccessKey: c.Fields["secret_access_key"], AWSRegion: c.Fields["region"],
		ServiceAccountJSON: c.Fields["service_account_json"],
	}
}

// Supersede ends a build that runs by another one under the same tag: E2B has
// no other way. The other one fails in its first step.
func Supersede(ctx context.Context, client *e2b.Client, rec Record) error {
	reg, err := client.Register(ctx, e2b.RegisterRequest{Name: rec.Template, Tags: []string{rec.RunTag}})
	if err != nil {
		return err
	}
	return client.Trigger(ctx, reg.TemplateID, reg.BuildID, e2b.Build{
		FromImage: DefaultImage, Steps: []e2b.Step{{Type: "RUN", Args: []string{"echo 'This build ends another one.'; exit 1"}}},
	})
}
