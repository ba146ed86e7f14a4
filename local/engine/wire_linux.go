package engine

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// The engine and the init of a sandbox talk over a socket pair: each message
// is a length, which carries the descriptors, and that many bytes of JSON.

// request is what the engine asks of an init. Exactly one of the pointers is set.
type request struct {
	ID       uint32
	Setup    *setupRequest    `json:",omitempty"`
	Run      *runRequest      `json:",omitempty"`
	Signal   *signalRequest   `json:",omitempty"`
	Workdir  *workdirRequest  `json:",omitempty"`
	AddUser  *addUserRequest  `json:",omitempty"`
	Copy     *copyRequest     `json:",omitempty"`
	Finalize *finalizeRequest `json:",omitempty"`
}

// reply answers the request of the same ID; a run is answered twice, by Pid
// when it has started and by Done when it has ended.
type reply struct {
	ID     uint32
	Pid    int          `json:",omitempty"`
	Done   bool         `json:",omitempty"`
	Status uint32       `json:",omitempty"` // as wait4 gave it
	Err    *remoteError `json:",omitempty"`
}

type setupRequest struct {
	Lowers      []string
	Upper, Work string
	Hostname    string
	Bundle      string   // the host's CA bundle, "" where it has none
	Keep        []string // names of variables that sudo should keep
	InUserNS    bool
}

// runRequest holds bytes where text need not be UTF-8, because JSON would mend it.
type runRequest struct {
	Args, Env [][]byte
	Dir       []byte
	User      string
	Terminal  bool
	Stdio     [3]int // index into the message's descriptors; -1: /dev/null
}

type signalRequest struct{ Pid, Signal int }

type workdirRequest struct{ Path, User string }

type addUserRequest struct {
	Name string
	Sudo bool
}

type copyRequest struct {
	Source, Dest, Dir, Owner, Mode string
	MaxBytes                       int64
	MaxFiles                       int
}

type finalizeRequest struct{ TemplateID, BuildID, User string }

// remoteError is an error on its way through the socket.
type remoteError struct {
	Kind, Text string
	Errno      syscall.Errno `json:",omitempty"`
}

func (e *remoteError) err() error {
	switch {
	case e == nil:
		return nil
	case e.Kind == "user":
		return &UserError{Name: e.Text}
	case e.Kind == "dir":
		return &DirError{Path: e.Text}
	case e.Kind == "copy":
		return &CopyError{Reason: e.Text}
	case e.Errno != 0:
		return &kernelError{e.Text, e.Errno}
	}
	return errors.New(e.Text)
}

// kernelError keeps what the kernel said for errors.Is.
type kernelError struct {
	text  string
	errno syscall.Errno
}

func (e *kernelError) Error() string { return e.text }
func (e *kernelError) Unwrap() error { return e.errno }

func toRemote(err error) *remoteError {
	if err == nil {
		return nil
	}
	var user *UserError
	var dir *DirError
	var cp *CopyError
	switch {
	case errors.As(err, &user):
		return &remoteError{Kind: "user", Text: user.Name}
	case errors.As(err, &dir):
		return &remoteError{Kind: "dir", Text: dir.Path}
	case errors.As(err, &cp):
		return &remoteError{Kind: "copy", Text: cp.Reason}
	}
	var errno syscall.Errno
	errors.As(err, &errno)
	return &remoteError{Text: err.Error(), Errno: errno}
}

// channel is one end of the socket; send may be called by many at once.
type channel struct {
	mu   sync.Mutex
	conn *net.UnixConn
}

func newChannel(f *os.File) (*channel, error) {
	c, err := net.FileConn(f)
	f.Close()
	if err != nil {
		return nil, fmt.Errorf("opening the control socket: %w", err)
	}
	return &channel{conn: c.(*net.UnixConn)}, nil
}

// socketPair makes the two ends, neither of them inherited by other children.
func socketPair() (here, there *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("making a socket pair: %w", err)
	}
	return os.NewFile(uintptr(fds[0]), "control"), os.NewFile(uintptr(fds[1]), "control"), nil
}

func (c *channel) send(message any, files ...*os.File) error {
	body, err := json.Marshal(message)
	if err != nil {
		return err
	}
	var rights []byte
	if len(files) > 0 {
		fds := make([]int, len(files))
		for i, f := range files {
			fds[i] = int(f.Fd())
		}
		rights = unix.UnixRights(fds...)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	head := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	if _, _, err := c.conn.WriteMsgUnix(head, rights, nil); err != nil {
		return err
	}
	_, err = c.conn.Write(body)
	return err
}

// maxMessage is above what one exec can take and far below what hurts.
const maxMessage = 64 << 20

func (c *channel) receive(message any) ([]*os.File, error) {
	head, oob := make([]byte, 4), make([]byte, unix.CmsgSpace(8*4))
	n, oobn, _, _, err := c.conn.ReadMsgUnix(head, oob)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, io.EOF
	}
	files := rightsIn(oob[:oobn])
	if err := c.receiveBody(head, n, message); err != nil {
		closeAll(files)
		return nil, err
	}
	return files, nil
}

func (c *channel) receiveBody(head []byte, n int, message any) error {
	if _, err := io.ReadFull(c.conn, head[n:]); err != nil {
		return err
	}
	size := binary.BigEndian.Uint32(head)
	if size > maxMessage {
		return fmt.Errorf("message of %d bytes", size)
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(c.conn, body); err != nil {
		return err
	}
	return json.Unmarshal(body, message)
}

func rightsIn(oob []byte) (files []*os.File) {
	messages, _ := unix.ParseSocketControlMessage(oob)
	for _, m := range messages {
		fds, _ := unix.ParseUnixRights(&m)
		for _, fd := range fds {
			files = append(files, os.NewFile(uintptr(fd), "passed"))
		}
	}
	return files
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}
