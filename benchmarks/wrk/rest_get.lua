dofile("common.lua")

function request()
  return rest_get("/communications/inviteParticipantsOperations/" .. random_id())
end
