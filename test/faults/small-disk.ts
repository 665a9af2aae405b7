import { spawn } from "node:child_process";
import { once } from "node:events";
import { open, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";

/**
 * Runs a command with a small disk at `path` that no other process sees, and that ends with it. Needs no rights where
 * the machine lets its users have namespaces, as it does by default.
 */
export function withSmallDisk(path: string, megabytes: number): string[] {
  const mount = `mount -t tmpfs -o size=${megabytes}m,mode=700 tmpfs "$0" && exec "$@"`;
  return ["unshare", "--map-root-user", "--mount", "sh", "-c", mount, path];
}

/** A small disk that several commands are run with, one after the other. */
export interface SmallDisk {
  /** The line a command is run under to see it; there it is "nobody", who owns the disk. */
  readonly under: readonly string[];
  /** Where this process sees it. */
  readonly path: string;
}

/** Puts a small disk at `path`, for as long as the test runs. */
export async function holdSmallDisk(path: string, megabytes: number): Promise<SmallDisk> {
  const [command = "", ...args] = [...withSmallDisk(path, megabytes), "sh", "-c", "echo mounted; exec cat"];
  const holder = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => {
    holder.kill("SIGKILL");
  });
  await Promise.race([
    once(holder.stdout, "data"),
    once(holder, "exit").then(([code]) => {
      throw new Error(`no small disk can be had here: ${command} ended with ${code}`);
    }),
  ]);
  const enter = ["nsenter", "--target", String(holder.pid), "--user", "--mount", "--preserve-credentials"];
  const asNobody = ["unshare", "--user", "--map-user=65534", "--map-group=65534"];
  return { under: [...enter, ...asNobody], path: `/proc/${holder.pid}/root${path}` };
}

/** Fills the disk to the last byte. */
export async function fill(disk: string): Promise<void> {
  const file = await open(join(disk, "ballast"), "a");
  try {
    for (const size of [65_536, 4_096, 1]) {
      for (;;) {
        const wrote = await file.write(Buffer.alloc(size)).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== "ENOSPC") throw error;
        });
        if (wrote === undefined || wrote.bytesWritten < size) break;
      }
    }
  } finally {
    await file.close();
  }
  expect((await statfs(disk)).bfree).toBe(0);
}

/** Takes away what filled the disk. */
export async function makeRoom(disk: string): Promise<void> {
  await rm(join(disk, "ballast"));
}
