dofile("common.lua")

function init(args)
  request = get_in_turn("get", args[3], true)
end
