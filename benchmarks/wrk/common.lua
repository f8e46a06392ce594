-- Shared by the scripts: requests as the bytes of HTTP, of which as much as possible is built once.

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

-- Returns a document as a JSON string, with the fragment that it uses.
local function document(name)
  local folder = os.getenv("DOCUMENTS") .. "/"
  local text = read(folder .. name .. ".graphql")
  if text:find("...AllFields", 1, true) then
    text = text .. read(folder .. "all_fields.graphql")
  end
  return '"' .. text:gsub("%s+", " "):gsub('"', '\\"') .. '"'
end

-- Returns a function that builds a GraphQL request from the JSON of the variables.
function post(name)
  local body = '{"query":' .. document(name) .. ',"variables":'
  local head = "POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    .. "Accept: application/json\r\n" .. os.getenv("HEADERS") .. "Content-Length: "
  return function(variables)
    return head .. #body + #variables + 1 .. "\r\n\r\n" .. body .. variables .. "}"
  end
end

-- The same ids as in data.py.
function operation_id(number)
  return string.format("%08x-894c-409a-b240-%012x", number * 2654435761 % 4294967296, number)
end

-- The default for scripts: the first argument is the number of operations.
function init(args)
  count = tonumber(args[1])
  math.randomseed(count)
end

function random_id()
  return operation_id(math.random(0, count - 1))
end

function host_id(number)
  return string.format("host-%06d", number)
end

-- For scripts that write: `response = fail_on_error` stops the run at the first error, of GraphQL or
-- in the payload.
function fail_on_error(status, headers, body)
  if body:sub(1, 8) ~= '{"data":' and body:sub(1, 9) ~= '{"data": '
    or #body < 1000 and (body:find('"errors":[{', 1, true) or body:find('"errors": [{', 1, true)) then
    io.stderr:write("Failed: " .. body:sub(1, 500) .. "\n")
    os.exit(1)
  end
end

-- Prints the results as JSON, in the last line of the output.
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"microseconds":%d,"p99":%d,'
      .. '"errors":{"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}}\n',
    summary.requests, summary.duration, latency:percentile(99),
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end

-- Returns a function that returns the GET requests of a document in turn, if conditional with
-- If-None-Match. The file is that of conditional_requests.py.
function http_gets(name, file, is_conditional)
  local requests, index = {}, 0
  for line in io.lines(file) do
    local document_name, path, etag = line:match("^(%S+) (%S+) (.+)$")
    if document_name == name then
      table.insert(requests, "GET " .. path .. " HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        .. "Accept: application/json\r\n"
        .. (is_conditional and "If-None-Match: " .. etag .. "\r\n" or "") .. "\r\n")
    end
  end
  return function()
    index = index % #requests + 1
    return requests[index]
  end
end

-- Returns a request of Graph's REST interface.
function rest_get(path)
  return "GET /v1.0" .. path .. " HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n"
    .. os.getenv("HEADERS") .. "\r\n"
end
