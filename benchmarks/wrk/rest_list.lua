dofile("common.lua")
local list = rest_get("/communications/inviteParticipantsOperations?$top=50")

function request()
  return list
end
