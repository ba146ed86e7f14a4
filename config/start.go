package config

import "github.com/hashicorp/hcl/v2"

// start reads the start block, and whether it says a command.
func (d *decoder) start(b *hcl.Block, said *bool) *Start {
	out := &Start{Range: d.whole(b)}
	command := func(attr *hcl.Attribute) {
		*said = true
		d.text(&out.Command)(attr)
	}
	d.decode("start", b.Body, fields{"command": command, "timeout": d.duration(&out.Timeout)}, children{
		"ready": {nil, func(b *hcl.Block) { out.Ready = d.ready(b) }},
	})
	return out
}

// startCommand settles what is started: a start block without a command, or
// none at all, takes that of the base's Dockerfile.
func (s *scope) startCommand(t *Template, said bool) {
	command := t.Base.Command
	switch {
	case t.Start == nil && command.Text != "":
		t.Start = &Start{Command: command.Text, Range: command.Range}
	case t.Start != nil && !said:
		if t.Start.Command = command.Text; command.Text == "" {
			s.wrong(t.Start.Range, "Missing required argument", "The argument \"command\" is required, but no definition was found.")
		}
	}
}

// ready reads how to tell that a start command is ready.
func (d *decoder) ready(b *hcl.Block) *Ready {
	out := &Ready{Range: d.whole(b)}
	given := 0
	one := func(read func(*hcl.Attribute)) func(*hcl.Attribute) {
		return func(attr *hcl.Attribute) {
			given++
			read(attr)
		}
	}
	d.decode("ready", b.Body, fields{
		"port":    one(d.count(&out.Port, 1, 65535, nil, "a port from 1 to 65535")),
		"url":     one(d.text(&out.URL)),
		"status":  d.count(&out.Status, 100, 599, nil, "an HTTP status from 100 to 599"),
		"process": one(d.text(&out.Process)),
		"file":    one(d.text(&out.File)),
		"command": one(d.text(&out.Command)),
		"delay":   one(d.duration(&out.Delay)),
	}, nil)
	if given != 1 {
		d.wrong(b.DefRange, "Bad ready block", "A ready block has exactly one of port, url, process, file, command and delay; this one has %d.", given)
	}
	if out.Status != 0 && out.URL == "" {
		d.wrong(b.DefRange, "Bad ready block", "The argument \"status\" belongs to \"url\".")
	}
	return out
}
