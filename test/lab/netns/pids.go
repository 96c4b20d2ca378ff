package netns

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Pids are the processes in a namespace, whether its name was given to them or
// they were started by one that is in it. One that is gone has none.
func Pids(name string) (pids []int, err error) {
	want, err := inode(Path(name))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for the processes of %s: %w", name, err)
	}
	files, err := filepath.Glob("/proc/[0-9]*/ns/net")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if got, err := inode(file); err == nil && got == want { // those that end meanwhile are none
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(file))))
			if err == nil && pid != os.Getpid() {
				pids = append(pids, pid)
			}
		}
	}
	return pids, nil
}

func inode(path string) (uint64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, errors.New("no inode")
	}
	return stat.Ino, nil
}
