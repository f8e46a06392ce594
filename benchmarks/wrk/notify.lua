dofile("common.lua")
local number = 0
local head = "POST /graph/notifications HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
  .. os.getenv("HEADERS") .. "Content-Length: "

-- The change that end.lua makes, as a notification of Graph.
function request()
  number = number + 1
  local id = random_id()
  local body = '{"@odata.type":"#microsoft.graph.commsNotifications","value":[{'
    .. '"@odata.type":"#microsoft.graph.commsNotification","changeType":"deleted",'
    .. '"resourceUrl":"/communications/calls/57dab8b1/operations/' .. id .. '","resourceData":{'
    .. '"@odata.type":"#microsoft.graph.inviteParticipantsOperation","id":"' .. id .. '",'
    .. '"status":"completed","clientContext":"notified ' .. number .. '",'
    .. '"resultInfo":{"@odata.type":"#microsoft.graph.resultInfo","code":200,"subcode":0}}}]}'
  return head .. #body .. "\r\n\r\n" .. body
end

function response(status, headers, body)
  if status ~= 202 then
    io.stderr:write("Failed: " .. status .. " " .. body:sub(1, 500) .. "\n")
    os.exit(1)
  end
end
