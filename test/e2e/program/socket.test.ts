import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import { existsSync, lstatSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT_MS, Programs } from '../../support/servers/program.ts'
import { CLAUDE } from '../../support/servers/server.ts'
import { within } from '../../support/waiting.ts'

const programs = new Programs()
const path = join(programs.home, 'api.sock')
const DEMO = ['--demo', '--claude', CLAUDE]
const LISTEN = [...DEMO, '--listen', `unix:${path}`]
afterAll(() => programs.remove())
afterEach(() => programs.end())

const models = async () => (await fetch('http://localhost/v1/models', { unix: path })).status

describe.if(process.platform !== 'win32')('a Unix socket', () => {
  test("is its owner's alone, and the banner's command works as it is printed", async () => {
    const { banner, child } = await programs.serve(LISTEN)
    expect(lstatSync(path).isSocket()).toBe(true)
    expect(lstatSync(path).mode & 0o777).toBe(0o600)
    expect(banner).toContain(`unix:${path}`)
    expect(await models()).toBe(200)

    const command = /^ +(curl .+)$/m.exec(banner)?.[1] ?? 'false'
    expect(command).toContain(`--unix-socket ${path}`)
    const shell = Bun.spawn(['/bin/sh', '-c', command], {
      env: programs.env,
      stdout: 'pipe',
      stderr: 'ignore',
    })
    const printed = await new Response(shell.stdout).text()
    expect(JSON.parse(printed)).toMatchObject({
      ...{ object: 'chat.completion', choices: [{ finish_reason: 'stop' }] },
    })

    child.kill('SIGTERM')
    expect(await within(child.exited, EXIT_MS, 'the exit')).toBe(0)
    expect(existsSync(path)).toBe(false)
  })

  test('that a killed server left behind is replaced', async () => {
    const first = await programs.serve(LISTEN)
    first.child.kill('SIGKILL')
    await first.child.exited
    expect(lstatSync(path).isSocket()).toBe(true)
    const { child } = await programs.serve(LISTEN)
    expect(await models()).toBe(200)
    expect(lstatSync(path).mode & 0o777).toBe(0o600)
    child.kill('SIGTERM')
    expect(await within(child.exited, EXIT_MS, 'the exit')).toBe(0)
  })

  test('on which another server listens is taken, and stays its own', async () => {
    await programs.serve(LISTEN)
    const { code, err } = await programs.run(LISTEN)
    expect(code).toBe(1)
    expect(err).toContain(`${path} is taken`)
    expect(await models()).toBe(200)
  })

  test('is never put in the place of a file', async () => {
    const file = join(programs.home, 'letter.txt')
    writeFileSync(file, 'dear')
    const { code, err } = await programs.run([...DEMO, '--listen', `unix:${file}`])
    expect(code).toBe(1)
    expect(err).toContain(`${file} is taken`)
    expect(await Bun.file(file).text()).toBe('dear')
  })

  test('in a directory that is not there is an error that names it', async () => {
    const nowhere = join(programs.home, 'no', 'such', 'api.sock')
    const { code, err } = await programs.run([...DEMO, '--listen', `unix:${nowhere}`])
    expect(code).toBe(73)
    expect(err).toContain(`Cannot listen on ${nowhere}`)
    expect(err).not.toMatch(/^\s+at /m)
  })
})
