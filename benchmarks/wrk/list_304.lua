dofile("common.lua")

function init(args)
  request = http_gets("list", args[3], true)
end
