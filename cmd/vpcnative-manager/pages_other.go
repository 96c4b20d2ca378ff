//go:build !linux

package main

func trimProgram() error { return nil }
