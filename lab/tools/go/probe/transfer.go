package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"net"
	"strconv"
	"time"
)

// A connection to serve starts with one line, "put", "blank" or "get BYTES". The bytes of put and blank end with a half-close, and serve
// answers what it saw; of get's bytes the caller itself makes the report.
type report struct {
	Bytes   int64   `json:"bytes"`
	SHA256  string  `json:"sha256"`
	Peer    string  `json:"peer"`
	Seconds float64 `json:"seconds"`
}

// pattern is the same stream of bytes at both ends, so that a checksum can be compared without carrying it.
func pattern(count int64) io.Reader { return io.LimitReader(rand.New(rand.NewSource(1)), count) }

// zeros need not be made and are not looked at: a transfer of them takes the network's time, where the pattern's takes the processor's.
type zeros struct{}

func (zeros) Read(into []byte) (int, error) {
	clear(into)
	return len(into), nil
}

func consume(from io.Reader) (report, error) {
	sum := sha256.New()
	count, err := io.Copy(sum, from)
	return report{Bytes: count, SHA256: hex.EncodeToString(sum.Sum(nil))}, err
}

func host(address net.Addr) string {
	text, _, _ := net.SplitHostPort(address.String())
	return text
}

// answer serves one connection of send or receive.
func answer(connection net.Conn) error {
	defer connection.Close()
	reader := bufio.NewReader(connection)
	line, err := reader.ReadString('\n')
	if err != nil {
		return err
	}
	if line == "put\n" {
		seen, err := consume(reader)
		if err != nil {
			return err
		}
		seen.Peer = host(connection.RemoteAddr())
		return json.NewEncoder(connection).Encode(seen)
	}
	if line == "blank\n" {
		count, err := io.Copy(io.Discard, reader)
		if err != nil {
			return err
		}
		return json.NewEncoder(connection).Encode(report{Bytes: count, Peer: host(connection.RemoteAddr())})
	}
	var count int64
	if _, err := fmt.Sscanf(line, "get %d\n", &count); err != nil {
		return fmt.Errorf("unknown request %q", line)
	}
	_, err = io.Copy(connection, pattern(count))
	return err
}

func open(flags *flag.FlagSet, args []string) (*net.TCPConn, int64, error) {
	timeout := flags.Duration("timeout", time.Minute, "")
	rest, err := parse(flags, args, 3)
	if err != nil {
		return nil, 0, err
	}
	count, err := strconv.ParseInt(rest[2], 10, 64)
	if err != nil {
		return nil, 0, err
	}
	connection, err := net.DialTimeout("tcp", net.JoinHostPort(rest[0], rest[1]), *timeout)
	if err != nil {
		return nil, 0, err
	}
	return connection.(*net.TCPConn), count, connection.SetDeadline(time.Now().Add(*timeout))
}

// finish compares what arrived with what was to arrive.
func finish(seen report, count int64, start time.Time) error {
	want, err := consume(pattern(count))
	if err != nil {
		return err
	}
	seen.Seconds = time.Since(start).Seconds()
	if err := printJSON(seen); err != nil {
		return err
	}
	if seen.Bytes != want.Bytes || seen.SHA256 != want.SHA256 {
		return fmt.Errorf("%d bytes with checksum %s arrived, wanted %d with %s", seen.Bytes, seen.SHA256, want.Bytes, want.SHA256)
	}
	return nil
}

func send(flags *flag.FlagSet, args []string) error {
	blank := flags.Bool("blank", false, "")
	start := time.Now()
	connection, count, err := open(flags, args)
	if err != nil {
		return err
	}
	defer connection.Close()
	if *blank {
		return sendBlank(connection, count)
	}
	_, putErr := io.Copy(connection, io.MultiReader(newLine("put"), pattern(count)))
	if err := errors.Join(putErr, connection.CloseWrite()); err != nil {
		return err
	}
	var seen report
	if err := json.NewDecoder(connection).Decode(&seen); err != nil {
		return err
	}
	return finish(seen, count, start)
}

func sendBlank(connection *net.TCPConn, count int64) error {
	start := time.Now()
	_, sendErr := io.Copy(connection, io.MultiReader(newLine("blank"), io.LimitReader(zeros{}, count)))
	if err := errors.Join(sendErr, connection.CloseWrite()); err != nil {
		return err
	}
	var seen report
	if err := json.NewDecoder(connection).Decode(&seen); err != nil {
		return err
	}
	seen.Seconds = time.Since(start).Seconds()
	if seen.Bytes != count {
		return fmt.Errorf("%d of %d bytes arrived", seen.Bytes, count)
	}
	return printJSON(seen)
}

func receive(flags *flag.FlagSet, args []string) error {
	start := time.Now()
	connection, count, err := open(flags, args)
	if err != nil {
		return err
	}
	defer connection.Close()
	if _, err := io.Copy(connection, newLine(fmt.Sprintf("get %d", count))); err != nil {
		return err
	}
	seen, err := consume(connection)
	if err != nil {
		return err
	}
	seen.Peer = host(connection.RemoteAddr())
	return finish(seen, count, start)
}
