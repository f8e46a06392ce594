dofile("common.lua")

function init(args)
  count = tonumber(args[1])
  math.randomseed(count)
end

function request()
  return rest_get("/communications/inviteParticipantsOperations/" .. operation_id(math.random(0, count - 1)))
end
