package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"connectrpc.com/connect"
	"github.com/e2bt/e2bt/e2b/envd/filesystem"
	"github.com/e2bt/e2bt/e2b/envd/filesystem/filesystemconnect"
	"github.com/e2bt/e2bt/local/engine"
	"google.golang.org/protobuf/types/known/timestamppb"
)

const (
	deepestList  = 100
	longestQueue = 10_000 // events of a watcher that nobody fetches
	mostWatchers = 100    // of one sandbox
)

// filesystems is the Filesystem service of whichever sandbox the request is for.
type filesystems struct {
	filesystemconnect.UnimplementedFilesystemHandler
}

// filePlace is a path of a request, made absolute, and whose request it is.
type filePlace struct {
	path string
	user engine.FileOwner
}

// locate finds a path as envd does: relative ones start in the template's
// working directory or else at home, and ~ is home.
func (x *box) locate(name, user string) (filePlace, error) {
	if user == "" {
		user = x.context.User
	}
	owner, err := x.root.Owner(user)
	if err != nil {
		return filePlace{}, connect.NewError(connect.CodeUnauthenticated, fmt.Errorf("invalid username: '%s'", user))
	}
	from := owner.Home
	if x.context.Workdir != "" {
		from = x.context.Workdir
	}
	switch {
	case strings.ContainsRune(name, 0):
		return filePlace{}, connect.NewError(connect.CodeInvalidArgument, errors.New("invalid path"))
	case name == "~" || strings.HasPrefix(name, "~/"):
		name = owner.Home + name[1:]
	case !strings.HasPrefix(name, "/"):
		name = from + "/" + name
	}
	return filePlace{path.Clean("/" + name), owner}, nil
}

func located(ctx context.Context, header http.Header, name string) (*box, filePlace, error) {
	user, err := userOf(header)
	if err != nil {
		return nil, filePlace{}, err
	}
	x := boxOf(ctx)
	at, err := x.locate(name, user)
	return x, at, err
}

// fileError words what went wrong with a file as envd does.
func fileError(err error) error {
	var told *connect.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &told):
		return err
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return connect.NewError(connect.CodeNotFound, err)
	case errors.Is(err, fs.ErrExist):
		return connect.NewError(connect.CodeAlreadyExists, err)
	case errors.Is(err, syscall.EISDIR), errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.ELOOP), errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.EXDEV), errors.Is(err, syscall.ENOTEMPTY):
		return connect.NewError(connect.CodeInvalidArgument, err)
	case errors.Is(err, fs.ErrPermission):
		return connect.NewError(connect.CodePermissionDenied, err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return connect.NewError(connect.CodeResourceExhausted, err)
	}
	return connect.NewError(connect.CodeInternal, err)
}

func entryInfo(e engine.FileEntry) *filesystem.EntryInfo {
	out := &filesystem.EntryInfo{
		Name: path.Base(e.Path), Path: e.Path, Size: e.Size, Mode: uint32(e.Mode.Perm()), Permissions: e.Mode.String(), Owner: e.Owner, Group: e.Group,
		ModifiedTime: timestamppb.New(e.Modified), Type: filesystem.FileType_FILE_TYPE_FILE, Metadata: e.Metadata,
	}
	kind := e.Mode
	if e.Mode&fs.ModeSymlink != 0 {
		out.SymlinkTarget, kind = &e.Target, e.TargetMode // envd tells what it leads to
	}
	switch {
	case kind.IsDir():
		out.Type = filesystem.FileType_FILE_TYPE_DIRECTORY
	case kind&fs.ModeSymlink != 0:
		out.Type = filesystem.FileType_FILE_TYPE_SYMLINK
	case !kind.IsRegular():
		out.Type = filesystem.FileType_FILE_TYPE_UNSPECIFIED
	}
	return out
}

// Stat describes a file.
func (*filesystems) Stat(ctx context.Context, req *connect.Request[filesystem.StatRequest]) (*connect.Response[filesystem.StatResponse], error) {
	x, at, err := located(ctx, req.Header(), req.Msg.GetPath())
	if err != nil {
		return nil, err
	}
	e, err := x.root.Stat(at.path)
	if err != nil {
		return nil, fileError(err)
	}
	return connect.NewResponse(&filesystem.StatResponse{Entry: entryInfo(e)}), nil
}

// MakeDir makes a directory, with those above it.
func (*filesystems) MakeDir(ctx context.Context, req *connect.Request[filesystem.MakeDirRequest]) (*connect.Response[filesystem.MakeDirResponse], error) {
	x, at, err := located(ctx, req.Header(), req.Msg.GetPath())
	if err != nil {
		return nil, err
	}
	e, err := x.root.MakeDir(at.path, at.user)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, connect.NewError(connect.CodeAlreadyExists, fmt.Errorf("directory already exists: %s", at.path))
	case errors.Is(err, syscall.ENOTDIR):
		return nil, connect.NewError(connect.CodeInvalidArgument, fmt.Errorf("path already exists but it is not a directory: %s", at.path))
	case err != nil:
		return nil, fileError(err)
	}
	return connect.NewResponse(&filesystem.MakeDirResponse{Entry: entryInfo(e)}), nil
}

// Move renames a file or a directory.
func (*filesystems) Move(ctx context.Context, req *connect.Request[filesystem.MoveRequest]) (*connect.Response[filesystem.MoveResponse], error) {
	x, from, err := located(ctx, req.Header(), req.Msg.GetSource())
	if err != nil {
		return nil, err
	}
	_, to, err := located(ctx, req.Header(), req.Msg.GetDestination())
	if err != nil {
		return nil, err
	}
	e, err := x.root.Move(from.path, to.path, from.user)
	if err != nil {
		return nil, fileError(err)
	}
	return connect.NewResponse(&filesystem.MoveResponse{Entry: entryInfo(e)}), nil
}

// ListDir lists a directory, as deep as it is asked to.
func (*filesystems) ListDir(ctx context.Context, req *connect.Request[filesystem.ListDirRequest]) (*connect.Response[filesystem.ListDirResponse], error) {
	x, at, err := located(ctx, req.Header(), req.Msg.GetPath())
	if err != nil {
		return nil, err
	}
	list, err := x.root.List(at.path, int(min(max(req.Msg.GetDepth(), 1), deepestList)))
	switch {
	case errors.Is(err, syscall.ENOTDIR):
		return nil, connect.NewError(connect.CodeInvalidArgument, fmt.Errorf("path is not a directory: %s", at.path))
	case err != nil:
		return nil, fileError(err)
	}
	out := &filesystem.ListDirResponse{}
	for _, e := range list {
		out.Entries = append(out.Entries, entryInfo(e))
	}
	return connect.NewResponse(out), nil
}

// Remove removes a file, or a directory with all that is in it.
func (*filesystems) Remove(ctx context.Context, req *connect.Request[filesystem.RemoveRequest]) (*connect.Response[filesystem.RemoveResponse], error) {
	x, at, err := located(ctx, req.Header(), req.Msg.GetPath())
	if err == nil {
		err = fileError(x.root.Remove(at.path))
	}
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(&filesystem.RemoveResponse{}), nil
}

// watch begins to watch a directory.
func (x *box) watch(at filePlace, recursive bool) (*engine.Watch, error) {
	e, err := x.root.Stat(at.path)
	if err != nil {
		return nil, fileError(err)
	}
	if !e.Mode.IsDir() && !e.TargetMode.IsDir() {
		return nil, connect.NewError(connect.CodeInvalidArgument, fmt.Errorf("path is not a directory: %s", at.path))
	}
	w, err := x.root.Watch(at.path, recursive)
	return w, fileError(err)
}

var changeTypes = map[engine.ChangeKind]filesystem.EventType{
	engine.Created: filesystem.EventType_EVENT_TYPE_CREATE, engine.Written: filesystem.EventType_EVENT_TYPE_WRITE, engine.Removed: filesystem.EventType_EVENT_TYPE_REMOVE,
	engine.Renamed: filesystem.EventType_EVENT_TYPE_RENAME, engine.ModeChanged: filesystem.EventType_EVENT_TYPE_CHMOD,
}

// event is a change for a client, with the file as it is now where that is
// wanted and it is still there.
func (x *box) event(dir string, c engine.FileChange, withEntry bool) *filesystem.FilesystemEvent {
	out := &filesystem.FilesystemEvent{Name: c.Name, Type: changeTypes[c.Kind]}
	if withEntry {
		if e, err := x.root.Stat(path.Join(dir, c.Name)); err == nil {
			out.Entry = entryInfo(e)
		}
	}
	return out
}

// WatchDir streams what happens below a directory.
func (*filesystems) WatchDir(ctx context.Context, req *connect.Request[filesystem.WatchDirRequest], stream *connect.ServerStream[filesystem.WatchDirResponse]) error {
	x, at, err := located(ctx, req.Header(), req.Msg.GetPath())
	if err != nil {
		return err
	}
	w, err := x.watch(at, req.Msg.GetRecursive())
	if err != nil {
		return err
	}
	defer w.Close()
	if err := stream.Send(&filesystem.WatchDirResponse{Event: &filesystem.WatchDirResponse_Start{Start: &filesystem.WatchDirResponse_StartEvent{}}}); err != nil {
		return err
	}
	ticker := time.NewTicker(interval(req.Header()))
	defer ticker.Stop()
	for {
		var send *filesystem.WatchDirResponse
		select {
		case c, more := <-w.Changes():
			if !more {
				return nil
			}
			send = &filesystem.WatchDirResponse{Event: &filesystem.WatchDirResponse_Filesystem{Filesystem: x.event(at.path, c, req.Msg.GetIncludeEntry())}}
		case <-ticker.C:
			send = &filesystem.WatchDirResponse{Event: &filesystem.WatchDirResponse_Keepalive{Keepalive: &filesystem.WatchDirResponse_KeepAlive{}}}
		case <-x.ctx.Done():
			return errGone
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := stream.Send(send); err != nil {
			return err
		}
	}
}

// watchers are the directories that clients watch by asking, not by a stream.
type watchers struct {
	mu   sync.Mutex
	byID map[string]*watcher
}

// watcher gathers events until they are fetched.
type watcher struct {
	watch  *engine.Watch
	mu     sync.Mutex
	events []*filesystem.FilesystemEvent
}

// CreateWatcher begins to gather what happens below a directory.
func (*filesystems) CreateWatcher(ctx context.Context, req *connect.Request[filesystem.CreateWatcherRequest]) (*connect.Response[filesystem.CreateWatcherResponse], error) {
	x, at, err := located(ctx, req.Header(), req.Msg.GetPath())
	if err != nil {
		return nil, err
	}
	x.watchers.mu.Lock()
	defer x.watchers.mu.Unlock()
	if len(x.watchers.byID) >= mostWatchers {
		return nil, connect.NewError(connect.CodeResourceExhausted, fmt.Errorf("a sandbox has at most %d watchers: remove one", mostWatchers))
	}
	w, err := x.watch(at, req.Msg.GetRecursive())
	if err != nil {
		return nil, err
	}
	id, gather := "w"+randomID(16), &watcher{watch: w}
	begun := x.begin(func() {
		for {
			select {
			case c, more := <-w.Changes():
				if !more {
					return
				}
				gather.add(x.event(at.path, c, req.Msg.GetIncludeEntry()))
			case <-x.ctx.Done():
				_ = w.Close()
				return
			}
		}
	})
	if !begun {
		_ = w.Close()
		return nil, errGone
	}
	if x.watchers.byID == nil {
		x.watchers.byID = map[string]*watcher{}
	}
	x.watchers.byID[id] = gather
	return connect.NewResponse(&filesystem.CreateWatcherResponse{WatcherId: id}), nil
}

// add keeps an event; of too many the oldest go.
func (w *watcher) add(e *filesystem.FilesystemEvent) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.events) >= longestQueue {
		w.events = slices.Delete(w.events, 0, 1)
	}
	w.events = append(w.events, e)
}

// settle waits until nothing more arrives: a client that has just changed a file
// expects to be told of it.
func (w *watcher) settle() {
	for last, tries := -1, 0; tries < 20; tries++ {
		w.mu.Lock()
		n := len(w.events)
		w.mu.Unlock()
		if n == last {
			return
		}
		last = n
		time.Sleep(settleTime)
	}
}

const settleTime = 5 * time.Millisecond

func (x *box) watcher(id string) (*watcher, error) {
	x.watchers.mu.Lock()
	defer x.watchers.mu.Unlock()
	if w := x.watchers.byID[id]; w != nil {
		return w, nil
	}
	return nil, connect.NewError(connect.CodeNotFound, fmt.Errorf("watcher with id %s not found", id))
}

// GetWatcherEvents returns what has happened since the last time.
func (*filesystems) GetWatcherEvents(ctx context.Context, req *connect.Request[filesystem.GetWatcherEventsRequest]) (*connect.Response[filesystem.GetWatcherEventsResponse], error) {
	w, err := boxOf(ctx).watcher(req.Msg.GetWatcherId())
	if err != nil {
		return nil, err
	}
	w.settle()
	w.mu.Lock()
	defer w.mu.Unlock()
	out := &filesystem.GetWatcherEventsResponse{Events: w.events}
	w.events = nil
	return connect.NewResponse(out), nil
}

// RemoveWatcher ends a watcher.
func (*filesystems) RemoveWatcher(ctx context.Context, req *connect.Request[filesystem.RemoveWatcherRequest]) (*connect.Response[filesystem.RemoveWatcherResponse], error) {
	x, id := boxOf(ctx), req.Msg.GetWatcherId()
	w, err := x.watcher(id)
	if err != nil {
		return nil, err
	}
	x.watchers.mu.Lock()
	delete(x.watchers.byID, id)
	x.watchers.mu.Unlock()
	_ = w.watch.Close()
	return connect.NewResponse(&filesystem.RemoveWatcherResponse{}), nil
}
