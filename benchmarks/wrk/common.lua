-- What the scripts share: GraphQL requests as the bytes of HTTP, made ahead as far as they can be.

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

-- The document as a JSON string; one that spreads AllFields brings it along.
local function document(name)
  local folder = os.getenv("DOCUMENTS") .. "/"
  local text = read(folder .. name .. ".graphql")
  if text:find("...AllFields", 1, true) then
    text = text .. read(folder .. "all_fields.graphql")
  end
  return '"' .. text:gsub("%s+", " "):gsub('"', '\\"') .. '"'
end

-- A function from the variables' JSON to the request.
function post(name)
  local body = '{"query":' .. document(name) .. ',"variables":'
  local head = "POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    .. "Accept: application/json\r\n" .. os.getenv("HEADERS") .. "Content-Length: "
  return function(variables)
    return head .. #body + #variables + 1 .. "\r\n\r\n" .. body .. variables .. "}"
  end
end

-- The ids as data.py makes them.
function operation_id(number)
  return string.format("%08x-894c-409a-b240-%012x", number * 2654435761 % 4294967296, number)
end

-- A script without its own function chooses among as many operations as its first argument says.
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

-- For scripts that write: `response = refuse_errors` stops the run at the first failure, of GraphQL
-- or in the payload.
function refuse_errors(status, headers, body)
  if body:sub(1, 8) ~= '{"data":' and body:sub(1, 9) ~= '{"data": '
    or #body < 1000 and (body:find('"errors":[{', 1, true) or body:find('"errors": [{', 1, true)) then
    io.stderr:write("Failed: " .. body:sub(1, 500) .. "\n")
    os.exit(1)
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,'
      .. '"errors":{"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end

-- Requests by GET in turn, with the ETags of their answers if those are known; the file is that of
-- conditional.py.
function get_in_turn(name, file, is_known)
  local requests, turn = {}, 0
  for line in io.lines(file) do
    local asked, path, tag = line:match("^(%S+) (%S+) (.+)$")
    if asked == name then
      table.insert(requests, "GET " .. path .. " HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        .. "Accept: application/json\r\n"
        .. (is_known and "If-None-Match: " .. tag .. "\r\n" or "") .. "\r\n")
    end
  end
  return function()
    turn = turn % #requests + 1
    return requests[turn]
  end
end

-- A request of Graph's REST interface.
function rest_get(path)
  return "GET /v1.0" .. path .. " HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n"
    .. os.getenv("HEADERS") .. "\r\n"
end
