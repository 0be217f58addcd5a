package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// processes are the programs under this one. In k3s all but containerd are one process: so the end of any of them is the end of k3s,
// and they all go with it, while pods stay (KillMode=process).
type processes struct {
	// name is what k3s calls its process, whatever runs in it.
	name  string
	start chan *exec.Cmd
	done  chan error
	ended chan error
	// lock is held for a start and for the stop, so that nothing starts once the stop began.
	lock sync.Mutex
	all  map[string]*exec.Cmd
	// isUp is set once everything has started.
	isUp atomic.Bool
}

func newProcesses(name string) *processes {
	p := &processes{name: name, start: make(chan *exec.Cmd), done: make(chan error), ended: make(chan error, 16), all: map[string]*exec.Cmd{}}
	go p.startFromOneThread()
	return p
}

// The kernel signals a child when the *thread* that made it ends, so all are made by one that never does.
func (p *processes) startFromOneThread() {
	runtime.LockOSThread()
	for command := range p.start {
		p.done <- command.Start()
	}
}

// run starts a program of this very file, or of the host where `args[0]` is a path.
func (p *processes) run(environment []string, args ...string) error {
	command := exec.Command("/proc/self/exe", args...)
	command.Args[0] = p.name
	fault := &faultPipe{}
	if isProgram(args[0]) {
		// Runtime limits: the lab has many nodes on one machine.
		environment = append([]string{"GOGC=50"}, environment...)
		if err := fault.open(command); err != nil {
			return err
		}
	} else {
		command = exec.Command(args[0], args[1:]...)
	}
	command.Env = append(childEnvironment(), environment...)
	command.Stdout, command.Stderr = os.Stderr, noticeable{}
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p.lock.Lock()
	defer p.lock.Unlock()
	p.start <- command
	err := <-p.done
	fault.started()
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	p.all[args[0]] = command
	go p.awaitEnd(componentName(args[0]), fault, command)
	return nil
}

// awaitEnd tells of a program's end. Without its etcd k3s hangs while it starts, and goes on for a while after
// (facts/several-servers.md).
func (p *processes) awaitEnd(name string, fault *faultPipe, command *exec.Cmd) {
	end := endOf(name, fault.read(), command.Wait())
	if strings.Contains(end.Error(), errMemberRemoved.Error()) {
		logf("info", "%v", errMemberRemoved)
		for !p.isUp.Load() {
			time.Sleep(time.Second)
		}
		time.Sleep(goesOnWithoutEtcd)
	}
	p.ended <- end
}

const goesOnWithoutEtcd = 12 * time.Second

// noticeable leaves out the lines that klog calls information and warnings: hundreds at each start.
type noticeable struct{}

func (noticeable) Write(text []byte) (int, error) {
	for line := range bytes.Lines(text) {
		if line[0] != 'I' && line[0] != 'W' {
			if _, err := os.Stderr.Write(line); err != nil {
				return 0, err
			}
		}
	}
	return len(text), nil
}

// canDial tells whether something listens there.
func canDial(network, address string) error {
	connection, err := net.Dial(network, address)
	if err != nil {
		return err
	}
	return connection.Close()
}

// stop lets the database and containerd close their files; all others go as k3s's own threads would.
func (p *processes) stop() {
	p.lock.Lock()
	waiting := 0
	for name, command := range p.all {
		waiting++
		if name == "etcd" || name == containerdProgram {
			_ = command.Process.Signal(syscall.SIGTERM)
		} else {
			_ = command.Process.Kill()
		}
	}
	limit := time.After(5 * time.Second)
	for ; waiting > 0; waiting-- {
		select {
		case <-p.ended:
		case <-limit:
			return
		}
	}
}

// childEnvironment is this one's without what only concerns k3s itself.
func childEnvironment() []string {
	var kept []string
	for _, entry := range os.Environ() {
		name, _, _ := cutEntry(entry)
		if _, ofDatastore := datastoreVariables[name]; ofDatastore {
			continue
		}
		switch name {
		case "NOTIFY_SOCKET", "K3S_TOKEN", "K3S_AGENT_TOKEN", "K3S_VPN_AUTH", "KUBECONFIG":
		default:
			kept = append(kept, entry)
		}
	}
	return kept
}
