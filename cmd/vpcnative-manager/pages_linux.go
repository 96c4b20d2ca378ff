package main

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
)

// trimProgram unmaps the program's code and constants. What runs is mapped
// again as it is used, out of the page cache; what only the start used, about
// half of 40 MiB, no longer counts as this process's memory and is the
// system's to reclaim. Source: madvise(2), MADV_DONTNEED on a private mapping
// of a file.
func trimProgram() error {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return err
	}
	mappings, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return err
	}
	for line := range bytes.Lines(mappings) {
		var from, to uintptr
		var access, offset, device, inode, file string
		n, _ := fmt.Sscanf(string(line), "%x-%x %s %s %s %s %s", &from, &to, &access, &offset, &device, &inode, &file)
		if n != 7 || file != program || access != "r-xp" && access != "r--p" {
			continue
		}
		if _, _, errno := syscall.Syscall(syscall.SYS_MADVISE, from, to-from, syscall.MADV_DONTNEED); errno != 0 {
			return fmt.Errorf("unmapping %x-%x of %s: %w", from, to, program, errno)
		}
	}
	return nil
}
