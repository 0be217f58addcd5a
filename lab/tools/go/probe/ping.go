package main

import (
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"
)

const (
	ipHeader   = 20
	icmpHeader = 8
)

type pings struct {
	Sent     int `json:"sent"`
	Received int `json:"received"`
	// LocalError is set where this host itself refused the packet (EMSGSIZE: larger than the interface's MTU or the path's).
	LocalError string `json:"localError,omitempty"`
}

func ping(flags *flag.FlagSet, args []string) error {
	size := flags.Int("size", 84, "")
	count := flags.Int("count", 3, "")
	dontFragment := flags.Bool("df", false, "")
	timeout := flags.Duration("timeout", 2*time.Second, "")
	rest, err := parse(flags, args, 1)
	if err != nil {
		return err
	}
	if *size < ipHeader+icmpHeader {
		return fmt.Errorf("-size %d is smaller than the headers", *size)
	}
	target, err := net.ResolveIPAddr("ip4", rest[0])
	if err != nil {
		return err
	}
	connection, err := net.ListenIP("ip4:icmp", nil)
	if err != nil {
		return err
	}
	defer connection.Close()
	if *dontFragment {
		if err := forbidFragments(connection); err != nil {
			return err
		}
	}
	var seen pings
	for sequence := 1; sequence <= *count && seen.LocalError == ""; sequence++ {
		_, err := connection.WriteToIP(echoRequest(*size-ipHeader, sequence), target)
		if errors.Is(err, syscall.EMSGSIZE) {
			seen.LocalError = "EMSGSIZE"
			break
		}
		if err != nil {
			return err
		}
		seen.Sent++
		if answered(connection, target, *size-ipHeader, sequence, *timeout) {
			seen.Received++
		}
	}
	if err := printJSON(seen); err != nil {
		return err
	}
	if seen.Received != *count {
		return fmt.Errorf("%d of %d packets of %d bytes came back from %s", seen.Received, *count, *size, target)
	}
	return nil
}

func forbidFragments(connection *net.IPConn) error {
	raw, err := connection.SyscallConn()
	if err != nil {
		return err
	}
	var optionErr error
	err = raw.Control(func(fd uintptr) {
		optionErr = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, syscall.IP_MTU_DISCOVER, syscall.IP_PMTUDISC_DO)
	})
	return errors.Join(err, optionErr)
}

func echoRequest(length, sequence int) []byte {
	packet := make([]byte, length)
	packet[0] = 8 // echo request
	binary.BigEndian.PutUint16(packet[4:], uint16(os.Getpid()))
	binary.BigEndian.PutUint16(packet[6:], uint16(sequence))
	for index := icmpHeader; index < length; index++ {
		packet[index] = byte(index)
	}
	binary.BigEndian.PutUint16(packet[2:], checksum(packet))
	return packet
}

// checksum is the internet checksum of RFC 1071.
func checksum(packet []byte) uint16 {
	var sum uint32
	for index := 0; index < len(packet); index += 2 {
		word := uint32(packet[index]) << 8
		if index+1 < len(packet) {
			word |= uint32(packet[index+1])
		}
		sum += word
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// answered waits for the echo of one request; the socket also gets every other ICMP packet of this host.
func answered(connection *net.IPConn, target *net.IPAddr, length, sequence int, timeout time.Duration) bool {
	if err := connection.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		return false
	}
	buffer := make([]byte, 65535)
	for {
		count, from, err := connection.ReadFromIP(buffer)
		if err != nil {
			return false
		}
		same := from.IP.Equal(target.IP) && count == length && buffer[0] == 0 &&
			binary.BigEndian.Uint16(buffer[4:]) == uint16(os.Getpid()) && binary.BigEndian.Uint16(buffer[6:]) == uint16(sequence)
		if same {
			return true
		}
	}
}
