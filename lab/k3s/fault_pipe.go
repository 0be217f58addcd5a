package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
)

// faultFile is the descriptor by which a program hands up the error that it ends with.
const faultFile = 3

func tellFault(err error) {
	if _, writeErr := io.WriteString(os.NewFile(faultFile, "fault"), err.Error()); writeErr != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

type faultPipe struct{ reader, writer *os.File }

func (f *faultPipe) open(command *exec.Cmd) (err error) {
	f.reader, f.writer, err = os.Pipe()
	command.ExtraFiles = []*os.File{f.writer}
	return err
}

func (f *faultPipe) started() {
	if f.writer != nil {
		f.writer.Close()
	}
}

// read ends when the program does.
func (f *faultPipe) read() string {
	if f.reader == nil {
		return ""
	}
	defer f.reader.Close()
	text, err := io.ReadAll(f.reader)
	if err != nil {
		logf("error", "reading how a program ended: %v", err)
	}
	return string(text)
}
