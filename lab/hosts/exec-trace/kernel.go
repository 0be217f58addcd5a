package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/ringbuf"
)

const (
	// A record: pid (4), whether the list was cut (4), group (8), arguments.
	headerSize = 16
	bufferSize = 1 << 26
)

type tracer struct {
	maps    []*ebpf.Map
	program *ebpf.Program
	attach  link.Link
	reader  *ringbuf.Reader
	lost    *ebpf.Map
}

// newTracer attaches to the kernel's tracepoint for programs started, after the new program's arguments are in its memory.
func newTracer(level int32) (*tracer, error) {
	offsets, err := findOffsets()
	if err != nil {
		return nil, err
	}
	t := &tracer{}
	records, err := t.newMap(&ebpf.MapSpec{Name: "records", Type: ebpf.RingBuf, MaxEntries: bufferSize})
	if err != nil {
		return nil, err
	}
	// One record a processor: while one is being written there, the kernel skips another and counts it (RecursionMisses).
	scratch, err := t.newMap(&ebpf.MapSpec{Name: "scratch", Type: ebpf.PerCPUArray, KeySize: 4, ValueSize: headerSize + maxScratch, MaxEntries: 1})
	if err != nil {
		return nil, err
	}
	t.lost, err = t.newMap(&ebpf.MapSpec{Name: "lost", Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1})
	if err != nil {
		return nil, err
	}
	t.program, err = ebpf.NewProgram(&ebpf.ProgramSpec{
		Name:         "record_exec",
		Type:         ebpf.RawTracepoint,
		License:      "GPL",
		Instructions: recordExec(offsets, level, records, scratch, t.lost),
	})
	if err != nil {
		return nil, t.failed(fmt.Errorf("load: %w", err))
	}
	t.attach, err = link.AttachRawTracepoint(link.RawTracepointOptions{Name: "sched_process_exec", Program: t.program})
	if err != nil {
		return nil, t.failed(fmt.Errorf("attach: %w", err))
	}
	t.reader, err = ringbuf.NewReader(records)
	if err != nil {
		return nil, t.failed(err)
	}
	return t, nil
}

func (t *tracer) newMap(spec *ebpf.MapSpec) (*ebpf.Map, error) {
	m, err := ebpf.NewMap(spec)
	if err != nil {
		return nil, t.failed(fmt.Errorf("map %s: %w", spec.Name, err))
	}
	t.maps = append(t.maps, m)
	return m, nil
}

func (t *tracer) failed(err error) error {
	t.Close()
	return err
}

// Close lets go of everything in the kernel.
func (t *tracer) Close() {
	if t.reader != nil {
		t.reader.Close()
	}
	if t.attach != nil {
		t.attach.Close()
	}
	if t.program != nil {
		t.program.Close()
	}
	for _, m := range t.maps {
		m.Close()
	}
}

// Follow writes records until it is told to stop, then those that are still in the buffer.
func (t *tracer) Follow(stop <-chan os.Signal, lines *json.Encoder) error {
	failed := make(chan error, 1)
	go func() {
		<-stop
		t.attach.Close()
		// Read goes on until the buffer is empty, then says so by ErrFlushed.
		failed <- t.reader.Flush()
	}()
	for {
		record, err := t.reader.Read()
		if errors.Is(err, ringbuf.ErrFlushed) {
			return errors.Join(<-failed, t.checkLost())
		}
		if err != nil {
			return err
		}
		if err := writeRecord(record.RawSample, lines); err != nil {
			return err
		}
	}
}

func writeRecord(sample []byte, lines *json.Encoder) error {
	if len(sample) < headerSize {
		return fmt.Errorf("a record of %d bytes", len(sample))
	}
	order := binary.NativeEndian
	argv := strings.Split(strings.TrimSuffix(string(sample[headerSize:]), "\x00"), "\x00")
	if order.Uint32(sample[4:]) != 0 {
		argv = append(argv, "(cut)")
	}
	return lines.Encode(Exec{Pid: order.Uint32(sample), Group: order.Uint64(sample[8:]), Argv: argv})
}

func (t *tracer) checkLost() error {
	var lost uint64
	if err := t.lost.Lookup(uint32(0), &lost); err != nil {
		return err
	}
	stats, err := t.program.Stats()
	if err != nil {
		return err
	}
	lost += stats.RecursionMisses
	if lost != 0 {
		return fmt.Errorf("%d programs were started faster than they could be written down", lost)
	}
	return nil
}

// offsets of the fields that lead from a process to its arguments.
type offsets struct{ mm, argStart, argEnd int32 }

func findOffsets() (offsets, error) {
	kernel, err := btf.LoadKernelSpec()
	if err != nil {
		return offsets{}, fmt.Errorf("the kernel tells nothing of its structures: %w", err)
	}
	var found offsets
	for _, field := range []struct {
		structure, name string
		into            *int32
	}{{"task_struct", "mm", &found.mm}, {"mm_struct", "arg_start", &found.argStart}, {"mm_struct", "arg_end", &found.argEnd}} {
		var structure *btf.Struct
		if err := kernel.TypeByName(field.structure, &structure); err != nil {
			return offsets{}, err
		}
		bytes, ok := findMember(structure.Members, field.name)
		if !ok {
			return offsets{}, fmt.Errorf("%s has no %s", field.structure, field.name)
		}
		*field.into = int32(bytes)
	}
	return found, nil
}

// findMember looks into structures without a name too, as the kernel has some around its fields.
func findMember(members []btf.Member, name string) (uint32, bool) {
	for _, member := range members {
		if member.Name == name {
			return member.Offset.Bytes(), true
		}
		if member.Name != "" {
			continue
		}
		var inner []btf.Member
		switch kind := btf.UnderlyingType(member.Type).(type) {
		case *btf.Struct:
			inner = kind.Members
		case *btf.Union:
			inner = kind.Members
		}
		if bytes, ok := findMember(inner, name); ok {
			return member.Offset.Bytes() + bytes, true
		}
	}
	return 0, false
}
