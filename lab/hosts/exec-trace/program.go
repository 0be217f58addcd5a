package main

import (
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

// Percpu values are at most 32 KiB (linux: PCPU_MIN_UNIT_SIZE), so longer lists of arguments come cut.
const maxScratch = 1<<15 - 32

// recordExec is the kernel's part: it copies the arguments of the program that has just been started, as they lie in its memory.
func recordExec(at offsets, level int32, records, scratch, lost *ebpf.Map) asm.Instructions {
	const key, pointer, start, end = -4, -16, -24, -32
	readKernel := func(offset int32, into int16) asm.Instructions {
		return asm.Instructions{
			asm.Mov.Reg(asm.R1, asm.RFP),
			asm.Add.Imm(asm.R1, int32(into)),
			asm.Mov.Imm(asm.R2, 8),
			asm.Mov.Reg(asm.R3, asm.R6),
			asm.Add.Imm(asm.R3, offset),
			asm.FnProbeReadKernel.Call(),
			asm.JNE.Imm(asm.R0, 0, "exit"),
		}
	}
	lookup := func(m *ebpf.Map) asm.Instructions {
		return asm.Instructions{
			asm.StoreImm(asm.RFP, key, 0, asm.Word),
			asm.LoadMapPtr(asm.R1, m.FD()),
			asm.Mov.Reg(asm.R2, asm.RFP),
			asm.Add.Imm(asm.R2, key),
			asm.FnMapLookupElem.Call(),
			asm.JEq.Imm(asm.R0, 0, "exit"),
		}
	}
	join := func(parts ...asm.Instructions) (all asm.Instructions) {
		for _, part := range parts {
			all = append(all, part...)
		}
		return all
	}
	return join(
		// R6: the process, then its memory. R7: the record. R8: the arguments' length. R9: whether they are cut.
		asm.Instructions{asm.FnGetCurrentTask.Call(), asm.Mov.Reg(asm.R6, asm.R0)},
		readKernel(at.mm, pointer),
		asm.Instructions{asm.LoadMem(asm.R6, asm.RFP, pointer, asm.DWord), asm.JEq.Imm(asm.R6, 0, "exit")},
		readKernel(at.argStart, start),
		readKernel(at.argEnd, end),
		lookup(scratch),
		asm.Instructions{
			asm.Mov.Reg(asm.R7, asm.R0),
			asm.FnGetCurrentPidTgid.Call(),
			asm.RSh.Imm(asm.R0, 32),
			asm.StoreMem(asm.R7, 0, asm.R0, asm.Word),
			asm.Mov.Imm(asm.R1, level),
			asm.FnGetCurrentAncestorCgroupId.Call(),
			asm.StoreMem(asm.R7, 8, asm.R0, asm.DWord),
			asm.LoadMem(asm.R8, asm.RFP, end, asm.DWord),
			asm.LoadMem(asm.R1, asm.RFP, start, asm.DWord),
			asm.Sub.Reg(asm.R8, asm.R1),
			asm.Mov.Imm(asm.R9, 0),
			asm.JLE.Imm(asm.R8, maxScratch, "fits"),
			asm.Mov.Imm(asm.R8, maxScratch),
			asm.Mov.Imm(asm.R9, 1),
			asm.StoreMem(asm.R7, 4, asm.R9, asm.Word).WithSymbol("fits"),
			asm.Mov.Reg(asm.R1, asm.R7),
			asm.Add.Imm(asm.R1, headerSize),
			asm.Mov.Reg(asm.R2, asm.R8),
			asm.LoadMem(asm.R3, asm.RFP, start, asm.DWord),
			asm.FnProbeReadUser.Call(),
			asm.JNE.Imm(asm.R0, 0, "lost"),
			asm.LoadMapPtr(asm.R1, records.FD()),
			asm.Mov.Reg(asm.R2, asm.R7),
			asm.Mov.Reg(asm.R3, asm.R8),
			asm.Add.Imm(asm.R3, headerSize),
			asm.Mov.Imm(asm.R4, 0),
			asm.FnRingbufOutput.Call(),
			asm.JEq.Imm(asm.R0, 0, "exit"),
		},
		withSymbol("lost", lookup(lost)),
		asm.Instructions{
			asm.Mov.Imm(asm.R1, 1),
			asm.StoreXAdd(asm.R0, asm.R1, asm.DWord),
			asm.Mov.Imm(asm.R0, 0).WithSymbol("exit"),
			asm.Return(),
		},
	)
}

func withSymbol(symbol string, block asm.Instructions) asm.Instructions {
	block[0] = block[0].WithSymbol(symbol)
	return block
}
