// A SQLite database: bun:sqlite on Bun, better-sqlite3 on Node.
const isBun = Boolean(process.versions.bun)
const { default: Database } = await import(isBun ? 'bun:sqlite' : 'better-sqlite3')

export function openDatabase (path, pragmas) {
  const database = new Database(path)
  for (const pragma of pragmas) database.exec(`PRAGMA ${pragma}`)
  return database
}

// better-sqlite3 sets a code, Bun only a message.
export const isDuplicate = (error) =>
  error.code === 'SQLITE_CONSTRAINT_UNIQUE' || /UNIQUE constraint/.test(error.message)
